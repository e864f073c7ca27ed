import SkiffBinary
import SkiffIR
import SkiffOperators

/// What signals are multiplied with before and after their spectra are computed.
enum SignalMappings {
  static let rows: [Mapping] = [
    window("BlackmanWindow", .blackman),
    window("HammingWindow", .hamming),
    window("HannWindow", .hann),
    Mapping("MelWeightMatrix", since: 17) { (node) throws(ModelError) in
      var matrix = MelWeightMatrix()
      matrix.dataType = try node.dataType("output_datatype", default: .float32)
      return try node.add(matrix, node.inputs)
    },
  ]

  private static func window(_ name: String, _ kind: WindowFunction.Kind) -> Mapping {
    Mapping(name, since: 17) { (node) throws(ModelError) in
      var window = WindowFunction()
      window.kind = kind
      window.isPeriodic = try node.flag("periodic", default: true)
      window.dataType = try node.dataType("output_datatype", default: .float32)
      return try node.add(window, node.inputs)
    }
  }
}
