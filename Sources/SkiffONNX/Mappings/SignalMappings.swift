import SkiffBinary
import SkiffIR
import SkiffOperators

/// Spectra of signals, and what signals are multiplied with before and after those are computed.
enum SignalMappings {
  static let rows: [Mapping] = [
    window("BlackmanWindow", .blackman),
    window("HammingWindow", .hamming),
    Mapping("DFT", since: 17) { (node) throws(ModelError) in
      var transform = try fourierTransform(&node)
      transform.axis = try node.integer("axis", default: 1)
      return try node.add(transform, node.inputs)
    },
    Mapping("DFT", since: 20) { (node) throws(ModelError) in
      var transform = try fourierTransform(&node)
      transform.axis = node.has(2) ? try node.integers(2).first ?? -2 : -2
      return try node.add(transform, Array(node.inputs.prefix(2)))
    }.writing(FourierTransform.self) { (transform, node) throws(ModelError) in
      let axis = try node.constant(Tensor(scalar: Int64(transform.axis)))
      return try node.add(
        "DFT", [node.operand(0), node.indices(1), axis],
        ["inverse": .flag(transform.isInverse), "onesided": .flag(transform.isOneSided)])
    },
    window("HannWindow", .hann),
    Mapping("MelWeightMatrix", since: 17) { (node) throws(ModelError) in
      var matrix = MelWeightMatrix()
      matrix.dataType = try node.dataType("output_datatype", default: .float32)
      return try node.add(matrix, node.inputs)
    }.writing(MelWeightMatrix.self) { (matrix, node) throws(ModelError) in
      try node.add(
        "MelWeightMatrix", node.operands(),
        ["output_datatype": .integer(ElementTypes.number(of: matrix.dataType))])
    },
    Mapping("STFT", since: 17) { (node) throws(ModelError) in
      var transform = ShortTimeFourierTransform()
      transform.isOneSided = try node.flag("onesided", default: true)
      var inputs = node.inputs
      // The runtime takes real signals without an axis for their parts, too.
      if let signal = inputs.first.flatMap(\.self), try node.type(of: signal).rank == 2 {
        inputs[0] = try node.add(Unsqueeze(axes: [2]), signal)
      }
      return try node.add(transform, inputs)
    }.writing(ShortTimeFourierTransform.self) { (transform, node) throws(ModelError) in
      try node.add("STFT", node.operands(), ["onesided": .flag(transform.isOneSided)])
    },
  ]

  private static func fourierTransform(_ node: inout NodeImport) throws(ModelError) -> FourierTransform {
    var transform = FourierTransform()
    transform.isInverse = try node.flag("inverse")
    transform.isOneSided = try node.flag("onesided")
    return transform
  }

  private static func window(_ name: String, _ kind: WindowFunction.Kind) -> Mapping {
    Mapping(name, since: 17) { (node) throws(ModelError) in
      var window = WindowFunction()
      window.kind = kind
      window.isPeriodic = try node.flag("periodic", default: true)
      window.dataType = try node.dataType("output_datatype", default: .float32)
      return try node.add(window, node.inputs)
    }.writing(WindowFunction.self, when: { window, _, _ in window.kind == kind }) {
      (window, node) throws(ModelError) in
      try node.add(
        name, node.operands(),
        [
          "periodic": .flag(window.isPeriodic),
          "output_datatype": .integer(ElementTypes.number(of: window.dataType)),
        ])
    }
  }
}
