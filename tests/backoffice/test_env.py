import pytest

from backoffice.env import Environment, parse_dotenv


def test_a_dotenv_file_is_read_as_laravel_reads_it():
    text = """
# a comment
APP_NAME = EvalTrack
MAIL_FROM_NAME="EvalTrack System"
export LOG_LEVEL='error'
APP_KEY=base64:abc+/=
DB_PORT=3306 # the default
EMPTY=
nonsense
"""

    variables = parse_dotenv(text)

    assert {name: Environment(variables).text(name) for name in variables} == {
        "APP_NAME": "EvalTrack",
        "MAIL_FROM_NAME": "EvalTrack System",
        "LOG_LEVEL": "error",
        "APP_KEY": "base64:abc+/=",
        "DB_PORT": "3306",
        "EMPTY": "",
    }


def test_the_environment_wins_over_the_file(tmp_path, monkeypatch):
    (tmp_path / ".env").write_text("APP_NAME=File\nAPP_URL=https://file.example.com\n")
    monkeypatch.setenv("APP_ENV", "local")
    monkeypatch.setenv("APP_NAME", "Process")
    monkeypatch.delenv("APP_URL", raising=False)
    monkeypatch.delenv("ENV_FILE", raising=False)

    env = Environment.load(tmp_path)

    assert (env.text("APP_NAME"), env.text("APP_URL")) == ("Process", "https://file.example.com")


def test_env_file_names_another_file(tmp_path, monkeypatch):
    (tmp_path / "prod.env").write_text("APP_URL=https://prod.example.com\n")
    monkeypatch.setenv("APP_ENV", "local")
    monkeypatch.setenv("ENV_FILE", str(tmp_path / "prod.env"))
    monkeypatch.delenv("APP_URL", raising=False)

    assert Environment.load(tmp_path).text("APP_URL") == "https://prod.example.com"


def test_the_suite_reads_no_file(tmp_path, monkeypatch):
    (tmp_path / ".env").write_text("APP_NAME=File\n")
    monkeypatch.setenv("APP_ENV", "testing")
    monkeypatch.delenv("APP_NAME", raising=False)

    assert Environment.load(tmp_path).text("APP_NAME") == ""


def test_a_secret_comes_from_a_mounted_file(tmp_path):
    file = tmp_path / "secret"
    file.write_text("  s3cret \n")

    env = Environment({"DB_PASSWORD_FILE": str(file)})

    assert (env.secret("DB_PASSWORD"), env.faults) == ("  s3cret ", [])


def test_a_secret_given_twice_or_unreadable_is_a_fault(tmp_path):
    env = Environment({"A": "x", "A_FILE": "y", "B_FILE": str(tmp_path / "gone")})

    assert (env.secret("A"), env.secret("B")) == ("x", "")
    assert env.faults == [
        "A and A_FILE are both set; keep one.",
        f"B_FILE: cannot read {tmp_path / 'gone'} (FileNotFoundError).",
    ]


@pytest.mark.parametrize(
    ("value", "flag"), [("true", True), ("1", True), ("On", True), ("false", False), ("0", False), ("", True)]
)
def test_flags(value, flag):
    assert Environment({"FLAG": value}).flag("FLAG", default=True) is flag


def test_malformed_values_become_faults_and_defaults():
    env = Environment({"FLAG": "maybe", "NUMBER": "x", "PORT": "70000", "WORKERS": "0", "CHOICE": "c"})

    values = [
        env.flag("FLAG"),
        env.number("NUMBER", 7),
        env.port("PORT", 80),
        env.number("WORKERS", 2, least=1),
        env.choice("CHOICE", ["a", "b"], "a"),
    ]

    assert values == [False, 7, 80, 2, "a"]
    assert env.faults == [
        "FLAG=maybe is neither true nor false.",
        "NUMBER=x is not a whole number.",
        "PORT=70000 is out of range (1 to 65535).",
        "WORKERS=0 is out of range (1 or more).",
        "CHOICE=c is not one of a, b.",
    ]


def test_lists_are_separated_by_commas():
    assert Environment({"LIST": "10.0.0.0/8, ::1 ,"}).items("LIST") == ["10.0.0.0/8", "::1"]
    assert Environment({}).items("LIST", ["x"]) == ["x"]
