"""Stands in for SGLang, whose kernels come for GPUs alone."""
