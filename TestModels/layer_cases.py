"""Makes layer-cases.keras3.zip and layer-cases.keras2.zip with the environment `tf`: a model for each layer and setting of
Tests/Peers/keras_cases.py, with inputs and outputs; `.keras` archives by Keras 3, `.h5` files by tf_keras.
"""
import pathlib
import subprocess
import sys
import tempfile
import zipfile

here = pathlib.Path(__file__).parent
for framework, name, ending in [("keras", "keras3", ".keras"), ("tf_keras", "keras2", ".h5")]:
    with tempfile.TemporaryDirectory() as scratch:
        script = here.parent / "Tests" / "Peers" / "keras_cases.py"
        subprocess.run([sys.executable, "-I", "-B", str(script), framework, scratch, ""], check=True)
        with zipfile.ZipFile(here / f"layer-cases.{name}.zip", "w", zipfile.ZIP_LZMA) as archive:
            for path in sorted(pathlib.Path(scratch).iterdir()):
                if path.suffix in (ending, ".npz", ".json"):
                    archive.write(path, path.name)
