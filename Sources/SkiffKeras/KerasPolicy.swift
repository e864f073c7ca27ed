import SkiffBinary
import SkiffIR

/// What a layer computes with: a name, or since Keras 3.1 an object that has one.
enum KerasPolicy {
  /// The name of a policy, for example `float32` or `mixed_float16`; nil if there is none.
  static func name(_ json: JSONValue?) -> String? {
    json?.string ?? json?["config"]?["name"]?.string
  }

  /// The type of a layer's input that a policy names.
  static func dataType(of json: JSONValue?, default value: DataType) throws(ModelError) -> DataType {
    guard let name = name(json) else { return value }
    switch name {
    case "float32": return .float32
    case "float16", "mixed_float16": return .float16
    case "bfloat16", "mixed_bfloat16": return .bfloat16
    case "float64": return .float64
    case "int8": return .int8
    case "int16": return .int16
    case "int32": return .int32
    case "int64": return .int64
    case "uint8": return .uint8
    case "uint16": return .uint16
    case "uint32": return .uint32
    case "bool": return .boolean
    default: throw ModelError(.unsupported, "a type '\(name)'", at: Location(attribute: "dtype"))
    }
  }
}

extension LayerCall {
  /// Refuses what is not computed in float32; narrower types are computed in float32 with a warning.
  func requireFloat32Policy() throws(ModelError) {
    if layer.isOperation { return }
    switch KerasPolicy.name(settings["dtype"]) {
    case nil, "float32": return
    case "mixed_float16"?, "mixed_bfloat16"?, "float16"?, "bfloat16"?:
      importer.warn("computes in float32 instead of its narrower type", at: layer.location)
    case let name?:
      if ["InputLayer", "Embedding", "Discretization", "IntegerLookup"].contains(layer.className) { return }
      throw ModelError(.unsupported, "computes in '\(name)'", at: Location(attribute: "dtype"))
    }
  }
}
