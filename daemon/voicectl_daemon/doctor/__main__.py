"""`python -m voicectl_daemon.doctor [--deep] [asterisk]`: run the checks and print JSON."""

from __future__ import annotations

import sys

import msgspec

from voicectl import paths
from voicectl.errors import VoicectlError
from voicectl.health import Finding
from voicectl_daemon.doctor import (
    Check,
    Patient,
    asterisk,
    folder,
    machine,
    models,
    problem,
    service,
    webhooks,
)

CHECKS: tuple[tuple[str, Check], ...] = (
    ("python", machine.python),
    ("packages", machine.packages),
    ("config", folder.config),
    ("folder", folder.data_folder),
    ("files", folder.private_files),
    ("file system", folder.file_system),
    ("disk", folder.disk),
    ("ledger", folder.books),
    ("daemon", service.daemon),
    ("schedules", service.schedules),
    ("webhooks", webhooks.webhooks),
    ("models", models.models),
    ("memory", machine.memory),
    ("gpu", machine.gpu),
    ("sip", machine.telephone),
    ("clock", machine.clock),
    ("locale", machine.encoding),
    ("open files", machine.descriptors),
)
OF_ASTERISK: tuple[tuple[str, Check], ...] = (
    ("config", folder.config),
    ("asterisk", asterisk.asterisk),
)


def examine(patient: Patient, checks: tuple[tuple[str, Check], ...] = CHECKS) -> list[Finding]:
    """Return what every check finds; one that fails is a finding itself."""
    found: list[Finding] = []
    for name, check in checks:
        try:
            found += check(patient)
        except VoicectlError as error:
            found.append(problem(name, error.text, error.hint))
        except Exception as error:  # noqa: BLE001, the other checks are wanted even so
            text = f"it cannot be looked at: {type(error).__name__}: {error}"
            found.append(problem(name, text, "run it as the user that voicectl runs as"))
    return found


def main() -> None:
    """Print what is found."""
    words = sys.argv[1:]
    patient = Patient(paths.home(), paths.config_file(), deep="--deep" in words)
    checks = OF_ASTERISK if "asterisk" in words else CHECKS
    sys.stdout.write(msgspec.json.encode(examine(patient, checks)).decode())


if __name__ == "__main__":
    main()
