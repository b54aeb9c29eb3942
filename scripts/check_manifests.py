# SPDX-License-Identifier: Apache-2.0
"""Checks Kubernetes manifests: they render, fit Kubernetes' own schemas, and keep the rules below.

    scripts/check-manifests [FOLDER]

Before it says that the manifests are good, it breaks copies of them on purpose and makes sure that each is refused.
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import kubernetes_validate
import yaml

# The oldest and the newest version that we promise to fit.
KUBERNETES_VERSIONS = ["1.28", "1.34"]
LABELS = {"app.kubernetes.io/name", "app.kubernetes.io/component"}
ENVIRONMENT = {"MODELD_REGISTRY", "MODELD_LISTEN"}
KINDS = {"ConfigMap", "Deployment", "PersistentVolumeClaim", "Service", "ServiceAccount"}


def render(folder):
    """The documents that kubectl would apply; raises ValueError with kubectl's words."""
    result = subprocess.run(["kubectl", "kustomize", str(folder)], capture_output=True, text=True)
    if result.returncode != 0:
        raise ValueError(f"kubectl kustomize {folder}: {result.stderr.strip()}")
    documents = [document for document in yaml.safe_load_all(result.stdout) if document]
    if not documents:
        raise ValueError(f"kubectl kustomize {folder} rendered nothing")
    return documents


def schema_problems(document):
    for version in KUBERNETES_VERSIONS:
        try:
            kubernetes_validate.validate(document, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            path = ".".join(str(part) for part in error.path)
            yield f"Kubernetes {version}: {path}: {error.message}"


def seconds(duration):
    match = re.fullmatch(r"(\d+)(ms|s|m|h)", duration)
    if not match:
        raise ValueError(f"{duration!r} is not a duration")
    return int(match[1]) * {"ms": 0.001, "s": 1, "m": 60, "h": 3600}[match[2]]


def pod_problems(pod, settings):
    """What the schema cannot know: the daemon's own paths, names and times, and who it may be."""
    container = pod["containers"][0]
    probes = {"startupProbe": "ready", "readinessProbe": "ready", "livenessProbe": "live"}
    for probe, path in probes.items():
        got = container.get(probe, {}).get("httpGet", {}).get("path")
        if got != f"/v2/health/{path}":
            yield f"{probe} asks {got}, not /v2/health/{path}"
    shutdown = settings.get("shutdown", {})
    needed = seconds(shutdown.get("grace", "0s")) + seconds(shutdown.get("timeout", "20s")) + 5
    if pod.get("terminationGracePeriodSeconds") != needed:
        yield f"terminationGracePeriodSeconds must be shutdown.grace + shutdown.timeout + 5 = {needed:g}"
    if {entry["name"] for entry in container.get("env", [])} != ENVIRONMENT:
        yield f"the environment must be {sorted(ENVIRONMENT)}; everything else belongs into modeld.yaml"
    if pod.get("enableServiceLinks") is not False:
        yield "enableServiceLinks must be false"
    if pod.get("automountServiceAccountToken") is not False:
        yield "automountServiceAccountToken must be false"
    if pod.get("securityContext", {}).get("seccompProfile", {}).get("type") != "RuntimeDefault":
        yield "seccompProfile must be RuntimeDefault"
    security = container.get("securityContext", {})
    if not (security.get("runAsNonRoot") and security.get("readOnlyRootFilesystem")):
        yield "the container must run as non-root with a read-only root file system"
    if security.get("allowPrivilegeEscalation") is not False:
        yield "allowPrivilegeEscalation must be false"
    if security.get("capabilities", {}).get("drop") != ["ALL"]:
        yield "all capabilities must be dropped"
    resources = container.get("resources", {})
    if "memory" not in resources.get("limits", {}) or "cpu" not in resources.get("requests", {}):
        yield "resources need a memory limit and a CPU request"


def rule_problems(documents):
    by_kind = {document["kind"]: document for document in documents}
    if set(by_kind) != KINDS:
        yield f"the kinds are {sorted(by_kind)}, not {sorted(KINDS)}"
        return
    for document in documents:
        if document["kind"] != "ConfigMap" and not LABELS <= set(document["metadata"].get("labels", {})):
            yield f"{document['kind']} lacks one of the labels {sorted(LABELS)}"
    if by_kind["ServiceAccount"].get("automountServiceAccountToken") is not False:
        yield "the ServiceAccount must not mount its token"
    deployment, service, settings = by_kind["Deployment"]["spec"], by_kind["Service"]["spec"], by_kind["ConfigMap"]
    template = deployment["template"]
    labels = template["metadata"]["labels"]
    for selector in (deployment["selector"]["matchLabels"], service["selector"]):
        if not selector.items() <= labels.items():
            yield f"the selector {selector} does not match the pods' labels {labels}"
    ports = {port["name"] for port in template["spec"]["containers"][0]["ports"]}
    if not {port["targetPort"] for port in service["ports"]} <= ports:
        yield "the Service's target ports are not named in the container"
    if deployment.get("strategy", {}).get("rollingUpdate", {}).get("maxUnavailable") != 0:
        yield "a rollout must not take pods away before new ones are ready: maxUnavailable 0"
    mounted = {v["configMap"]["name"] for v in template["spec"]["volumes"] if "configMap" in v}
    if mounted != {settings["metadata"]["name"]}:
        yield f"the pods mount {sorted(mounted)}, but the ConfigMap is {settings['metadata']['name']}"
    yield from pod_problems(template["spec"], yaml.safe_load(settings["data"]["modeld.yaml"]))


def problems(folder):
    try:
        documents = render(folder)
        found = [f"{document['kind']}: {problem}" for document in documents for problem in schema_problems(document)]
        return found + list(rule_problems(documents))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return [f"{type(error).__name__}: {error}"]


# File, text, replacement, and a word of the refusal that it must cause.
BREAKS = [
    ("kustomization.yaml", "  - service.yaml\n", "  - gone.yaml\n", "gone.yaml"),
    ("deployment.yaml", "replicas: 1", "replicas: one", "replicas"),
    ("deployment.yaml", "minReadySeconds", "minReadySecond", "minReadySecond"),
    ("deployment.yaml", "path: /v2/health/live", "path: /healthz", "livenessProbe"),
    ("deployment.yaml", "terminationGracePeriodSeconds: 30", "terminationGracePeriodSeconds: 10", "shutdown"),
    ("deployment.yaml", "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", "read-only"),
    ("deployment.yaml", "MODELD_LISTEN", "MODELD_PORT", "MODELD_LISTEN"),
    ("deployment.yaml", "maxUnavailable: 0", "maxUnavailable: 1", "maxUnavailable"),
    ("deployment.yaml", "type: RuntimeDefault", "type: Unconfined", "seccompProfile"),
    ("service.yaml", "component: server\n  ports", "component: other\n  ports", "selector"),
    ("service.yaml", "targetPort: http", "targetPort: web", "target ports"),
    ("pvc.yaml", "accessModes:", "accessMode:", "accessMode"),
    ("serviceaccount.yaml", "automountServiceAccountToken: false", "automountServiceAccountToken: true", "token"),
    ("modeld.yaml", "timeout: 20s", "timeout: 60s", "shutdown"),
]


def self_test(folder):
    """Breaks copies of `folder`; returns what was not refused as it should."""
    missed = []
    with tempfile.TemporaryDirectory() as parent:
        for number, (name, text, replacement, word) in enumerate(BREAKS):
            copy = pathlib.Path(parent) / str(number)
            shutil.copytree(folder, copy)
            original = (copy / name).read_text()
            if text not in original:
                missed.append(f"{name} does not contain {text!r} any more; mend the self-test")
                continue
            (copy / name).write_text(original.replace(text, replacement, 1))
            found = problems(copy)
            if not any(word in problem for problem in found):
                missed.append(f"{name} with {replacement!r} was not refused for {word!r}: {found}")
    return missed


def main(folder):
    found = problems(folder)
    for problem in found:
        print(f"{folder}: {problem}")
    if found:
        return 1
    missed = self_test(folder)
    for problem in missed:
        print(f"self-test: {problem}")
    if not missed:
        print(f"{folder}: {len(render(folder))} manifests fit Kubernetes {', '.join(KUBERNETES_VERSIONS)}; "
              f"{len(BREAKS)} broken copies were refused")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
