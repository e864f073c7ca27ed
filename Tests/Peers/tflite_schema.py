"""Prints the field ids, types, defaults and numbers of LiteRT's own schema as JSON."""
import inspect
import json
import re

import ai_edge_litert.schema_py_generated as schema

source = inspect.getsource(schema)
classes = {name: value for name, value in inspect.getmembers(schema, inspect.isclass) if value.__module__ == schema.__name__}
bodies = {match[1]: match[0] for match in re.finditer(r"^class (\w+)\(object\):.*?(?=^\w)", source, re.M | re.S)}
tables = {match[1] for match in re.finditer(r"^def (\w+)Start\(builder\)", source, re.M)}


def members(value):
    return {name: number for name, number in vars(value).items() if not name.startswith("_")}


numbers = {name: members(value) for name, value in classes.items() if name not in tables and not hasattr(value, "InitFromBuf")}
unions = {name: value for name, value in numbers.items() if "NONE" in value and set(value) - {"NONE"} <= tables}
fields_of_unions = {
    "details": "QuantizationDetails",
    "array_segments": "SparseIndexVector",
    "array_indices": "SparseIndexVector",
    "builtin_options": "BuiltinOptions",
    "builtin_options_2": "BuiltinOptions2",
}


def snake(name):
    name = re.sub(r"([A-Z])", r"_\1", name).lower()
    return name.replace("options2", "options_2")


def kind(table, accessor, field):
    body = re.search(rf"    def {accessor}\(self.*?(?=\n    # |\Z)", bodies[table], re.S)[0]
    if "import Table" in body or "obj = Table" in body:
        union = unions[fields_of_unions[field]]
        return "union of " + ",".join(sorted((name for name in union if name != "NONE"), key=union.get))
    if "_tab.String" in body:
        element = "string"
    elif match := re.search(r"obj = (\w+)\(", body):
        element = match[1]
    else:
        element = re.search(r"_tab\.Get\(flatbuffers\.number_types\.(\w+)Flags", body)[1].lower()
    return f"[{element}]" if hasattr(classes[table], accessor + "Length") else element


result = {}
for table in tables:
    result[table] = {}
    pattern = rf"^def {table}Add(\w+)\(builder, (\w+)\):\n\s+builder\.Prepend(\w+)Slot\((\d+), (.*)\)\n"
    for accessor, argument, stored, slot, rest in re.findall(pattern, source, re.M):
        field = snake(argument)
        if field.endswith("_type") and field[: -len("_type")] in fields_of_unions:
            continue
        is_reference = stored == "UOffsetTRelative"
        default = 0 if is_reference else int(float(rest.split(",")[-1]))
        result[table][field] = [slot, kind(table, accessor, field) if is_reference else stored.lower(), str(default)]
print(json.dumps({"tables": result, "enumerations": {name: value for name, value in numbers.items() if name not in unions}}))
