"""Unpacks a zip archive: unzip.py <archive> <folder>."""
import sys
import zipfile

zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])
