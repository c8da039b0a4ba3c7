"""The drivers of Tencent Cloud's storage add-ons, by the names that classes and volumes have for them."""

CFS_PROVISIONER = "com.tencent.cloud.csi.tcfs.cfs"
"""Makes CFS file systems for claims."""
CFS_DRIVER = "com.tencent.cloud.csi.cfs"
"""Mounts a CFS file system that a volume names."""
TURBO_DRIVER = "com.tencent.cloud.csi.cfsturbo"
BLOCK_DRIVER = "com.tencent.cloud.csi.cbs"
