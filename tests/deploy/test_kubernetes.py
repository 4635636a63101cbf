import re

import pytest
import yaml

from backoffice.databases import STATEMENT_SECONDS
from backoffice.env import parse_dotenv, unquoted
from hr.loading.reading import MAX_BYTES
from tests.backoffice.conftest import KEY, needs_mysql_driver
from tests.deploy.conftest import OVERLAYS, ROOT, build, kustomize, run, tool

# The plan's figures, with their lines in the plan.
NAMESPACE = "evaltrack"  # 203
REPLICAS = 3  # 205
IMAGE = "company/evaltrack:1.0.0"  # 216
REQUESTS = {"memory": "256Mi", "cpu": "250m"}  # 229, 230
LIMITS = {"memory": "512Mi", "cpu": "500m"}  # 232, 233
SECRET, POSTGRES_KEY = "evaltrack-secrets", "postgres-password"  # 225, 226
VAULT_ENTRIES = {  # 104 to 110
    "evaltrack-postgres-password",
    "evaltrack-mysql-password",
    "evaltrack-redis-password",
    "evaltrack-app-key",
    "evaltrack-mail-password",
    "evaltrack-ssl-cert",
    "evaltrack-ssl-key",
}
COLOURS = ["blue", "green"]
STEPS = {1: "Stop", 7: "Start"}  # of a restore, in docs/backup.md
NAMESPACES = {"qa": "evaltrack-qa", "staging": "evaltrack-staging", "production": NAMESPACE}


def matches(selector, pod):
    return selector.items() <= pod["metadata"]["labels"].items()


@pytest.mark.deploy_tools
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_schemas_of_kubernetes_accept_it(overlay, tmp_path):
    (tmp_path / "built.yaml").write_text(kustomize(overlay))

    run(tool("kubernetes-validate"), "--strict", "--quiet", "--no-warn", str(tmp_path / "built.yaml"))


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_all_is_in_the_namespace_of_its_environment(overlay):
    rows = build(overlay)

    assert {row["metadata"].get("namespace") for row in rows if row["kind"] != "Namespace"} == {NAMESPACES[overlay]}
    assert list(rows.of("Namespace")) == [NAMESPACES[overlay]]


def test_names_are_unique(built):
    names = [(row["kind"], row["metadata"]["name"]) for row in built]

    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("colour", COLOURS)
def test_the_web_is_as_the_plan_says(production, colour):
    deployment = production.of("Deployment")[f"evaltrack-web-{colour}"]
    (container,) = deployment["spec"]["template"]["spec"]["containers"]

    assert deployment["metadata"]["namespace"] == NAMESPACE
    assert deployment["spec"]["replicas"] == REPLICAS
    assert container["name"] == "evaltrack"
    assert container["image"] == IMAGE
    assert container["resources"] == {"requests": REQUESTS, "limits": LIMITS}
    password = next(row for row in container["env"] if row["name"] == "DB_PGSQL_PASSWORD")
    assert password["valueFrom"]["secretKeyRef"] == {"name": SECRET, "key": POSTGRES_KEY}


def test_whatever_runs_the_program_has_the_plans_resources(built):
    found = {name: row["resources"] for name, (_pod, row) in built.containers().items() if row["name"] == "evaltrack"}

    assert len(found) == 2 * 3 + 4
    assert list(found.values()) == [{"requests": REQUESTS, "limits": LIMITS}] * len(found)


def test_the_service_reaches_one_colour_by_port_80(built):
    spec = built.of("Service")["evaltrack-web"]["spec"]

    reached = [name for name, pod in built.pods().items() if matches(spec["selector"], pod)]

    assert reached == ["Deployment/evaltrack-web-blue"]
    assert [(port["port"], port["targetPort"]) for port in spec["ports"]] == [(80, "http")]
    assert spec.get("type", "ClusterIP") == "ClusterIP"


def test_only_the_live_colour_takes_work(built):
    replicas = {name: row["spec"]["replicas"] for name, row in built.of("Deployment").items()}

    assert {name: replicas[name] > 0 for name in replicas if "worker" in name or "clock" in name} == {
        "evaltrack-worker-blue": True,
        "evaltrack-clock-blue": True,
        "evaltrack-worker-green": False,
        "evaltrack-clock-green": False,
    }


def test_the_other_colour_goes_live_by_one_line(tmp_path):
    overlay = tmp_path / "deploy" / "k8s" / "overlays" / "qa"
    for path in (ROOT / "deploy").rglob("*"):
        if path.suffix in {".yaml", ".json", ".env", ".sh"}:
            copy = tmp_path / path.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text(path.read_text().replace("../../live/blue", "../../live/green"))

    text = run(tool("kubectl"), "kustomize", str(overlay))

    rows = {(row["kind"], row["metadata"]["name"]): row["spec"] for row in yaml.safe_load_all(text) if "spec" in row}
    assert rows["Service", "evaltrack-web"]["selector"] == {"app": "evaltrack-web", "colour": "green"}
    assert rows["Deployment", "evaltrack-worker-blue"]["replicas"] == 0
    assert rows["Deployment", "evaltrack-clock-green"]["replicas"] == 2
    assert rows["Deployment", "evaltrack-web-blue"]["replicas"] == REPLICAS


def test_the_vault_holds_the_plans_secrets(production):
    rows = production.of("ExternalSecret")[SECRET]["spec"]["data"]

    assert {row["remoteRef"]["key"] for row in rows} == VAULT_ENTRIES
    assert [f"evaltrack-{row['secretKey']}" for row in rows] == [row["remoteRef"]["key"] for row in rows]


def test_every_secret_asked_for_is_among_them(production):
    made = {
        (row["spec"]["target"]["name"], data["secretKey"])
        for row in production.of("ExternalSecret").values()
        for data in row["spec"]["data"]
    }
    asked = {
        (entry["valueFrom"]["secretKeyRef"]["name"], entry["valueFrom"]["secretKeyRef"]["key"])
        for _pod, container in production.containers().values()
        for entry in container.get("env", [])
        if "secretKeyRef" in entry.get("valueFrom", {})
    }
    for ingress in production.of("Ingress").values():
        asked |= {(tls["secretName"], key) for tls in ingress["spec"]["tls"] for key in ("tls.crt", "tls.key")}

    assert asked <= made
    # The certificate is asked for in the form an Ingress wants.
    assert {key for name, key in made - asked if name == SECRET} == {"ssl-cert", "ssl-key"}


def test_no_secret_is_written_down(built):
    assert built.of("Secret") == {}
    assert [name for name in built.config() if "PASSWORD" in name or "KEY" in name or "SECRET" in name] == []
    literal = [
        (name, entry["name"])
        for name, (_pod, container) in built.containers().items()
        for entry in container.get("env", [])
        if "value" in entry and re.search("PASS|KEY(?!_FILE)|SECRET", entry["name"])
    ]
    assert literal == []


def test_what_is_referred_to_exists(built):
    maps, accounts, claims = (built.of(kind) for kind in ("ConfigMap", "ServiceAccount", "PersistentVolumeClaim"))
    for pod, container in built.containers().values():
        assert {row["configMapRef"]["name"] for row in container.get("envFrom", [])} <= maps.keys()
        assert pod["serviceAccountName"] in accounts
        volumes = {row["name"]: row for row in pod.get("volumes", [])}
        assert {row["name"] for row in container.get("volumeMounts", [])} <= volumes.keys()
        for volume in volumes.values():
            assert "configMap" not in volume or volume["configMap"]["name"] in maps
            assert "persistentVolumeClaim" not in volume or volume["persistentVolumeClaim"]["claimName"] in claims


def test_services_policies_budgets_and_monitors_find_something(built):
    pods = built.pods().values()
    for service in built.of("Service").values():
        found = [pod for pod in pods if matches(service["spec"]["selector"], pod)]
        ports = {port["name"] for pod in found for row in pod["spec"]["containers"] for port in row["ports"]}
        assert {port["targetPort"] for port in service["spec"]["ports"]} == ports
    for budget in built.of("PodDisruptionBudget").values():
        assert len([pod for pod in pods if matches(budget["spec"]["selector"]["matchLabels"], pod)]) == 1
    for policy in built.of("NetworkPolicy").values():
        assert any(matches(policy["spec"]["podSelector"].get("matchLabels", {}), pod) for pod in pods)
    for monitor in built.of("ServiceMonitor").values():
        wanted = monitor["spec"]["selector"]["matchLabels"]
        (service,) = [row for row in built.of("Service").values() if matches(wanted, row)]
        named = {port["name"] for port in service["spec"]["ports"]}
        assert {row["port"] for row in monitor["spec"]["endpoints"]} <= named


def test_every_web_pod_is_in_a_budget_and_closed_to_strangers(built):
    assert sorted(built.of("PodDisruptionBudget")) == sorted(
        f"evaltrack-{name}-{colour}" for name in ("web", "worker", "clock") for colour in COLOURS
    )
    assert built.of("NetworkPolicy")["evaltrack-nothing"]["spec"] == {
        "podSelector": {},
        "policyTypes": ["Ingress", "Egress"],
    }


@pytest.mark.parametrize("colour", COLOURS)
def test_probes_ask_different_questions(production, colour):
    (container,) = production.of("Deployment")[f"evaltrack-web-{colour}"]["spec"]["template"]["spec"]["containers"]
    asked = {name: container[f"{name}Probe"] for name in ("startup", "liveness", "readiness")}

    assert {name: probe["httpGet"]["path"] for name, probe in asked.items()} == {
        "startup": "/health/live",
        "liveness": "/health/live",
        "readiness": "/health/ready",
    }
    # A start may take two minutes, a hang a minute and a half; traffic goes elsewhere within ten seconds.
    assert {name: probe["periodSeconds"] * probe["failureThreshold"] for name, probe in asked.items()} == {
        "startup": 120,
        "liveness": 90,
        "readiness": 10,
    }
    # Threads that wait for a frozen server are given up by the connection, before the pod is.
    liveness = asked["liveness"]
    assert liveness["periodSeconds"] * (liveness["failureThreshold"] - 1) > STATEMENT_SECONDS


def test_a_pod_that_goes_finishes_what_it_has_begun(production):
    pod = production.of("Deployment")["evaltrack-web-blue"]["spec"]["template"]["spec"]
    pause = int(pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1])
    graceful = int((ROOT / "deploy" / "gunicorn.conf.py").read_text().split("graceful_timeout = ")[1].split()[0])

    assert pod["terminationGracePeriodSeconds"] > pause + graceful


def test_whether_postgres_is_measured_by_tls_is_one_value(production):
    _pod, container = production.containers()["Deployment/evaltrack-postgres-exporter/exporter"]
    names = [entry["name"] for entry in container["env"]]
    given = {entry["name"]: entry.get("value") for entry in container["env"]}

    # The exporter knows no `prefer`. A variable is filled in from those above it.
    assert given["PGSSLMODE"] == "require"
    assert names.index("PGSSLMODE") < names.index("DATA_SOURCE_URI")
    assert given["DATA_SOURCE_URI"].endswith("$(DB_PGSQL_DATABASE)?sslmode=$(PGSSLMODE)")


def test_every_container_is_unprivileged(built):
    for name, (pod, container) in built.containers().items():
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert pod["securityContext"]["runAsUser"] > 0, name
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert pod["automountServiceAccountToken"] is False, name
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }, name
        assert set(container["resources"]) == {"requests", "limits"}, name
        assert not container["image"].endswith(":latest"), name
        assert ":" in container["image"], name


def test_variables_are_ones_the_settings_read(built, known_variables):
    given = set(built.config())
    for _pod, container in built.containers().values():
        if container["name"] == "evaltrack":
            given |= {entry["name"] for entry in container["env"]}

    # docs/backup.md has this one.
    assert given - known_variables == {"BACKUP_KEY_FILE"}


def test_each_pod_knows_its_colour(production):
    for colour in COLOURS:
        pod = production.of("Deployment")[f"evaltrack-web-{colour}"]["spec"]["template"]
        (entry,) = [row for row in pod["spec"]["containers"][0]["env"] if row["name"] == "APP_COLOUR"]
        assert entry["valueFrom"] == {"fieldRef": {"fieldPath": "metadata.labels['colour']"}}
        assert pod["metadata"]["labels"]["colour"] == colour


def test_production_has_the_values_of_the_plans_file(production):
    plan = parse_dotenv((ROOT / "deploy" / "prod.env.example").read_text())
    config = production.config()
    secrets = {"APP_KEY", *(name for name in plan if name.endswith("PASSWORD"))}

    assert config.keys() - plan.keys() == {"TRUSTED_PROXIES"}
    assert plan.keys() - config.keys() == secrets
    differing = {name for name in config.keys() & plan.keys() if config[name] != unquoted(plan[name])}
    assert differing == set()
    # The one value that is not the plan's: docs/plan.md says why.
    assert plan["LOG_LEVEL"] == "info"


def test_a_migration_is_applied_by_label_with_its_configuration(built):
    """`kubectl apply -l`, as docs/deployment.md has it."""
    wanted = {"evaltrack-config", "evaltrack-migrate"}

    chosen = [row for row in built if row["metadata"].get("labels", {}).get("app") in wanted]

    assert sorted(row["kind"] for row in chosen) == ["ConfigMap", "Job"]


@needs_mysql_driver
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_program_starts_with_them(overlay, settings_of):
    secrets = ["DB_PGSQL_PASSWORD", "DB_PASSWORD", "REDIS_PASSWORD", "MAIL_PASSWORD"]
    variables = build(overlay).config() | {"APP_KEY": KEY} | dict.fromkeys(secrets, "a long secret")

    settings = settings_of(**variables)

    assert settings.FAULTS == []
    assert settings.APP_ENV == overlay
    (host,) = settings.ALLOWED_HOSTS
    hosts = {rule["host"] for row in build(overlay).of("Ingress").values() for rule in row["spec"]["rules"]}
    assert hosts == {host}


def test_uploads_and_logins_are_limited_at_the_door(production):
    main, login = (production.of("Ingress")[name] for name in ("evaltrack", "evaltrack-login"))
    limit = main["metadata"]["annotations"]["nginx.ingress.kubernetes.io/proxy-body-size"]

    assert limit == f"{MAX_BYTES // 1024**2 + 2}m"
    assert login["metadata"]["annotations"]["nginx.ingress.kubernetes.io/limit-rpm"] == "60"
    assert login["spec"]["rules"][0]["http"]["paths"][0]["path"] == "/login/"


def test_a_backup_is_made_and_rehearsed_where_it_lies(production):
    rows = {name: row for name, (_pod, row) in production.containers().items() if name.startswith("CronJob/")}

    backup, rehearsal = (rows[f"CronJob/evaltrack-{name}/evaltrack"] for name in ("backup", "rehearsal"))
    assert (backup["args"], rehearsal["args"]) == (["backup"], ["restore", "--rehearse"])
    assert [row for row in rehearsal["volumeMounts"] if row["name"] != "backup-key"] == backup["volumeMounts"]
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert f"BACKUP_DIR={backup['volumeMounts'][0]['mountPath']} " in dockerfile


def test_what_opens_a_backup_is_where_it_is_rehearsed_alone(built):
    pods = built.pods()
    holders = {
        name: volume["secret"]
        for name, pod in pods.items()
        for volume in pod["spec"].get("volumes", [])
        if "secret" in volume
    }
    (container,) = pods["CronJob/evaltrack-rehearsal"]["spec"]["containers"]
    (mount,) = [row for row in container["volumeMounts"] if row["name"] == "backup-key"]
    (file,) = [row["value"] for row in container["env"] if row["name"] == "BACKUP_KEY_FILE"]

    # Readable by the group of the pod; without the Secret a rehearsal of what is not encrypted goes on.
    secret = {"secretName": "evaltrack-backup-key", "optional": True, "defaultMode": 0o440}
    assert holders == {"CronJob/evaltrack-rehearsal": secret}
    assert (file, mount["readOnly"]) == (f"{mount['mountPath']}/key", True)
    assert f"secret generic {secret['secretName']} --from-file=key=" in (ROOT / "docs" / "backup.md").read_text()


def test_a_restore_begins_by_stopping_all_that_is_connected_or_would_be(production):
    guide = (ROOT / "docs" / "backup.md").read_text()
    first, last = (re.search(rf"(?ms)^{number}\. \*\*{word}.*?(?=^\S)", guide)[0] for number, word in STEPS.items())

    assert "scale deployment --all --replicas=0" in first
    for suspended, step in {"true": first, "false": last}.items():
        (names,) = re.findall(rf"for name in ([a-z ]+); .*cronjob evaltrack-\$name .*\"suspend\":{suspended}", step)
        assert {f"evaltrack-{name}" for name in names.split()} == production.of("CronJob").keys()
    # On a host the exporters are Debian's.
    for name in ("prometheus-postgres-exporter", "prometheus-mysqld-exporter"):
        assert name in first
        assert name in last


def test_every_night_is_backed_up_and_reconciled(production):
    rows = production.of("CronJob")

    assert {name: row["spec"]["schedule"] for name, row in rows.items()} == {
        "evaltrack-backup": "0 1 * * *",
        "evaltrack-rehearsal": "0 5 * * 6",
        "evaltrack-reconcile": "30 4 * * *",
    }
    assert {row["spec"]["timeZone"] for row in rows.values()} == {"America/Caracas"}
    assert {row["spec"]["concurrencyPolicy"] for row in rows.values()} == {"Forbid"}
