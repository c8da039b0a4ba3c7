"""`tke-llm rehearse dev`, all files written, against a script that only imports the classes the dev stack is made of.

Run by hand: python bench/rehearse_dev.py
"""

import sys

from side_by_side import CLI, compare

FLOOR = """
import pulumi, pulumi_random, pulumi_kubernetes as k8s, tencentcloud_iac_pulumi as tc
k8s.Provider, k8s.core.v1.Namespace, k8s.core.v1.Secret, k8s.core.v1.ConfigMap, k8s.core.v1.Service
k8s.core.v1.PersistentVolumeClaim, k8s.storage.v1.StorageClass, k8s.apps.v1.Deployment, k8s.batch.v1.Job
tc.vpc.Instance, tc.subnet.Instance, tc.security.Group, tc.security.GroupRuleSet, tc.eip.Instance, tc.nat.Gateway
tc.route.Table, tc.route.TableEntry, tc.route.TableAssociation, tc.cfs.AccessGroup, tc.cfs.AccessRule
tc.kubernetes.Cluster, tc.kubernetes.ClusterEndpoint, tc.kubernetes.NodePool, tc.kubernetes.NativeNodePool
tc.kubernetes.Addon, pulumi_random.RandomPassword
"""

compare("rehearse dev", (sys.executable, "-c", FLOOR), (*CLI, "rehearse", "dev"), target=1.6, rounds=5)
