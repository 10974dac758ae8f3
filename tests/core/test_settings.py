"""Settings: defaults < file < environment, and no unknown word passes."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossrec.core.errors import InvalidInput, NotFound
from crossrec.core.settings import ServerSettings, Settings, from_text, load_settings


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "crossrec.toml"
    path.write_text("threads = 2\n[server]\nport = 9000\nfold_in = false\n", encoding="utf-8")
    return path


def test_without_anything_there_are_defaults() -> None:
    assert load_settings(environment={}) == Settings()
    assert Settings().server.host == "127.0.0.1" and Settings().server.api_key is None


def test_the_environment_wins_over_the_file_and_the_file_over_defaults(file: Path) -> None:
    assert load_settings(file, {}) == Settings(threads=2, server=ServerSettings(port=9000, fold_in=False))
    variables = {"CROSSREC_SERVER_PORT": "9001", "CROSSREC_THREADS": "3", "CROSSREC_SERVER_FOLD_IN": "True"}
    assert load_settings(file, variables) == Settings(threads=3, server=ServerSettings(port=9001))


@pytest.mark.parametrize(
    "name", ["CROSSREC_DATA", "CROSSREC_LINK_SECRET", "CROSSREC_SALT", "CROSSREC_PEER_RECTOOLS", "PATH"]
)
def test_variables_of_others_are_passed_over(name: str) -> None:
    assert load_settings(environment={name: "/x"}) == Settings()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("CROSSREC_SERVER_PROT", "did you mean CROSSREC_SERVER_PORT?"),
        ("CROSSREC_SERVR_PORT", "did you mean CROSSREC_SERVER_PORT?"),
        ("CROSSREC_THREDS", "did you mean CROSSREC_THREADS?"),
        ("CROSSREC_SERVER_COLOUR_OF_THE_DOOR", "CROSSREC_SERVER_COLOUR_OF_THE_DOOR is no setting"),
        ("CROSSREC_SERVER_", "CROSSREC_SERVER_ is no setting"),
    ],
)
def test_a_variable_that_is_no_setting_is_named(name: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        load_settings(environment={name: "hush"})


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("YES", bool, True),
        ("0", bool, False),
        ("7", int, 7),
        ("7", float, 7.0),
        ("1e-3", float | None, 0.001),
        ("None", float | None, None),
        ("none", str, "none"),
        ("7", str | None, "7"),
    ],
)
def test_text_becomes_a_value_of_the_type(text: str, kind: object, value: object) -> None:
    found = from_text("l2", text, kind)
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("maybe", bool, "true or false"),
        ("1.5", int, "an integer"),
        ("much", float, "a number"),
        ("nan", float, "a number"),
        ("inf", float | None, "a number"),
        ("none", int, "an integer"),
        ("x", list, "cannot be given as text"),
    ],
)
def test_text_of_another_type_is_refused(text: str, kind: object, words: str) -> None:
    with pytest.raises(InvalidInput, match=f"^l2: .*{words}"):
        from_text("l2", text, kind)


def test_the_secret_comes_from_the_environment_and_is_never_printed(tmp_path: Path) -> None:
    settings = load_settings(environment={"CROSSREC_SERVER_API_KEY": "hush"})
    assert settings.server.api_key == "hush" and "hush" not in repr(settings)
    path = tmp_path / "settings.toml"
    path.write_text('[server]\napi_key = "hush"\n', encoding="utf-8")
    with pytest.raises(InvalidInput, match="set CROSSREC_SERVER_API_KEY instead") as caught:
        load_settings(path, {})
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("threds = 1", "setting 'threds' does not exist; did you mean 'threads'"),
        ("[server]\nprot = 1", "setting 'server.prot' does not exist; did you mean 'server.port'"),
        ("[server]\nport = 'eight'", "server.port: expected an integer, got 'eight'"),
        ("[server]\nport = -1", "server.port: expected int, got -1"),
        ("[server]\nport = 1.5", "server.port: expected int, got 1.5"),
        ("[server]\nport = true", "server.port: expected int, got True"),
        ("[server]\nfold_in = 'maybe'", "server.fold_in: expected true or false, got 'maybe'"),
        ("[server]\nhost = 1", "server.host: expected str, got 1"),
        ("threads = [1]", "threads: expected int"),
        ("server = 1", "server: expected a table"),
        ("threads =", "expected TOML"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInput, match=words):
        load_settings(path, {})


def test_a_wrong_variable_is_named() -> None:
    with pytest.raises(InvalidInput, match="server.port: expected an integer, got 'x'"):
        load_settings(environment={"CROSSREC_SERVER_PORT": "x"})


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"gone\.toml does not exist"):
        load_settings(tmp_path / "gone.toml", {})
