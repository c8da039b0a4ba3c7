"""Providers that answer as Tencent Cloud, Kubernetes and the random provider would, one file each."""
