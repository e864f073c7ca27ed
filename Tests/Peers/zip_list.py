"""Checks every member of a zip archive and prints names and sizes."""
import sys
import zipfile

with zipfile.ZipFile(sys.argv[1]) as archive:
    damaged = archive.testzip()
    if damaged is not None:
        raise SystemExit(f"member {damaged} is damaged")
    for member in archive.infolist():
        print(member.filename, member.file_size)
