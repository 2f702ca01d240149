"""The house rules that a program can check: imports, sizes, docstrings, what is shipped."""

from __future__ import annotations

import ast
import importlib
import re
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = (
    "voicectl",
    "daemon/voicectl_daemon",
    "models/voicectl_models",
    "recipes/voicectl_recipes",
)
PACKAGES = [Path(source).name for source in SOURCES]
MODULES = sorted(path for source in SOURCES for path in (ROOT / source).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
NATIVE = {"av", "faster_whisper", "ctranslate2", "numpy", "torch", "onnxruntime"}


def module_of(path: Path) -> str:
    """`a.b` of `a/b.py` and of `a/b/__init__.py`, below the folder of its distribution."""
    inner = path.relative_to(ROOT).with_suffix("").parts
    start = next(index for index, part in enumerate(inner) if part in PACKAGES)
    return ".".join(inner[start:]).removesuffix(".__init__")


def loaded_by(code: str) -> set[str]:
    """The top-level modules that a fresh interpreter has after running `code`."""
    code += "\nimport sys; print(*{name.partition('.')[0] for name in sys.modules})"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(ran.stdout.split())


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_every_module_can_be_imported() -> None:
    """But for what needs an extra that is not here; coverage measures what was imported."""
    lacking = set[str]()
    for path in MODULES:
        if path.stem != "__main__":
            try:
                importlib.import_module(module_of(path))
            except ModuleNotFoundError as error:
                lacking.add(str(error.name).partition(".")[0])
    assert lacking <= {"llama_cpp", "pjsua2", "torch"}


def test_the_helpline_of_the_readme_needs_no_tools_of_the_tests() -> None:
    """Whoever tries voicectl has run ./install.sh, not ./install.sh test."""
    assert not loaded_by("import tests.live.__main__") & {"pytest", "hypothesis", "jiwer"}


def test_the_command_line_loads_no_machinery() -> None:
    loaded = loaded_by("import voicectl.cli.main")
    assert not loaded & (
        NATIVE
        | set(PACKAGES[1:])
        | {"duckdb", "huey", "fastapi", "httpx", "msgspec", "textual", "aiohttp"}
    )


def test_the_client_loads_no_machinery() -> None:
    loaded = loaded_by("import voicectl.client")
    assert not loaded & (NATIVE | set(PACKAGES[1:]) | {"duckdb", "huey", "fastapi", "typer"})


def test_the_monitor_loads_no_machinery() -> None:
    loaded = loaded_by("import voicectl.tui.app")
    assert "textual" in loaded
    assert not loaded & (NATIVE | set(PACKAGES[1:]) | {"duckdb", "huey", "fastapi", "aiohttp"})


def test_the_daemon_loads_nothing_that_can_crash_it() -> None:
    """Native code that reads recordings lives in its children."""
    loaded = loaded_by("import voicectl_daemon.main, voicectl_daemon.door")
    assert loaded >= {"duckdb", "huey", "fastapi", "voicectl_models", "voicectl_recipes"}
    assert not loaded & (NATIVE | {"typer", "rich", "httpx"})


def test_finding_out_what_is_installed_imports_nothing() -> None:
    code = "from voicectl import registry as r; print(r.names(r.TRANSCRIBERS), r.names(r.FORMATS))"
    loaded = loaded_by(code)
    assert not loaded & (NATIVE | set(PACKAGES[1:]))


@pytest.mark.parametrize("path", MODULES + TESTS, ids=name_of)
def test_files_are_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 400


def test_what_a_check_is_told_to_overlook_has_a_reason() -> None:
    bare = re.compile(r"# (noqa|type: ignore)(: [A-Z]+[0-9]+|\[[a-z-]+\])?\s*$")
    lines = [line for path in MODULES + TESTS for line in path.read_text().splitlines()]
    assert not [line for line in lines if bare.search(line)]


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_modules_say_what_they_are_for(path: Path) -> None:
    said = ast.get_docstring(ast.parse(path.read_text()))
    assert said
    assert said.splitlines()[0].endswith((".", ":", "?")) or len(said.splitlines()) > 1


@pytest.mark.parametrize("word", ["utils", "helpers", "manager", "misc", "common"])
def test_names_say_what_the_value_is(word: str) -> None:
    assert not [path for path in MODULES if word in path.stem.split("_")]


@pytest.mark.parametrize(
    "point",
    [
        p
        for group in ("formats", "stages", "transcribers", "diarizers", "embedders")
        for p in entry_points(group=f"voicectl.{group}")
        if not p.extras
    ],
    ids=lambda point: f"{point.group}:{point.name}",
)
def test_entry_points_load(point: EntryPoint) -> None:
    assert callable(point.load())


def test_import_contracts_hold() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    ran = subprocess.run(
        [lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names in the wheel that would be published."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    kept = ("voicectl", "daemon", "models", "recipes", "pyproject.toml", "README.md", "LICENSE")
    for name in kept:
        if (ROOT / name).is_dir():
            shutil.copytree(
                ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__")
            )
        else:
            shutil.copy(ROOT / name, source / name)
    (source / "tests").mkdir()
    (source / "tests" / "test_x.py").touch()
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", folder, source]
    subprocess.run(build, check=True)
    (built,) = folder.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        return set(archive.namelist())


def test_the_wheel_holds_the_four_packages(wheel: set[str]) -> None:
    for package in PACKAGES:
        assert {f"{package}/__init__.py", f"{package}/py.typed"} <= wheel
    tops = {name.partition("/")[0] for name in wheel}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)


def test_the_wheel_holds_every_file_of_the_packages(wheel: set[str]) -> None:
    wanted = {
        str(path.relative_to((ROOT / source).parent))
        for source in SOURCES
        for path in (ROOT / source).rglob("*")
        if path.suffix in (".py", ".sql", ".toml", ".tcss", ".html") or path.name == "py.typed"
    }
    assert {"voicectl_daemon/ledger.sql", "voicectl_daemon/store.sql"} <= wanted
    assert wanted <= wheel


def test_the_wheel_holds_nothing_else(wheel: set[str]) -> None:
    odd = [name for name in wheel if "test" in name or name.endswith((".pyc", ".wav", ".so"))]
    assert not odd
    assert any(name.endswith("dist-info/licenses/LICENSE") for name in wheel)
