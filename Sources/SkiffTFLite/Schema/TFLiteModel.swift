import SkiffBinary

/// A TensorFlow Lite file in its own terms: what its bytes say, before any of it means something to Skiff.
package struct TFLiteModel: Equatable, Sendable {
  package var version = 3
  package var description: String?
  package var operatorCodes: [OperatorCode] = []
  package var subgraphs: [Subgraph] = []
  /// The data of constants and of metadata; number 0 is empty by convention.
  package var buffers: [Buffer] = []
  package var metadata: [Metadata] = []
  /// Buffers of metadata in files that are older than ``metadata``.
  package var metadataBuffers: [Int] = []
  package var signatures: [Signature] = []

  package init() {}

  /// Whether a file that begins with `prefix` is a TensorFlow Lite model.
  package static func recognizes(_ prefix: ByteRegion) -> Bool { FlatSchema.tflite.recognizes(prefix) }

  /// What an operator does, in which version.
  package struct OperatorCode: Hashable, Sendable {
    /// The number of the operator; 32 is a custom one.
    package var builtin: Int
    package var customCode: String?
    package var version = 1

    package init(builtin: Int, customCode: String? = nil, version: Int = 1) {
      self.builtin = builtin
      self.customCode = customCode
      self.version = version
    }

    /// The number that stands for a custom operator.
    package static let custom = 32

    /// The name in the schema, for example `CONV_2D`; for a custom operator its own.
    package var name: String {
      if builtin == Self.custom { return customCode ?? "CUSTOM" }
      return FlatSchema.tflite.enumerations["BuiltinOperator"]?.name(of: builtin) ?? "operator \(builtin)"
    }
  }

  package struct Subgraph: Equatable, Sendable {
    package var name: String?
    package var tensors: [Tensor] = []
    package var inputs: [Int] = []
    package var outputs: [Int] = []
    package var operators: [Operator] = []
    package var debugMetadataIndex = -1

    package init() {}
  }

  package struct Tensor: Equatable, Sendable {
    package var name = ""
    /// The sizes; 1 stands for those that ``shapeSignature`` leaves open.
    package var shape: [Int] = []
    /// The sizes with -1 for those that are not fixed; nil if all of ``shape`` is.
    package var shapeSignature: [Int]?
    /// Whether an empty ``shape`` means a scalar and not that nothing is known.
    package var hasRank = false
    /// The number in the schema's `TensorType`.
    package var type = 0
    package var buffer = 0
    package var quantization: Quantization?
    package var isVariable = false
    /// `SparsityParameters` as the file has them.
    package var sparsity: FlatObject?
    /// `VariantSubType`s as the file has them.
    package var variantTensors: [FlatObject]?

    package init() {}

    /// The type's name in the schema, for example `FLOAT32`.
    package var typeName: String {
      FlatSchema.tflite.enumerations["TensorType"]?.name(of: type) ?? "type \(type)"
    }
  }

  package struct Quantization: Equatable, Sendable {
    package var min: [Float]?
    package var max: [Float]?
    package var scale: [Float]?
    package var zeroPoint: [Int]?
    /// The axis along which scales differ, where there are several.
    package var axis = 0
    /// A member of the union `QuantizationDetails` as the file has it.
    package var details: FlatObject?

    package init() {}
  }

  package struct Operator: Equatable, Sendable {
    /// The position in ``TFLiteModel/operatorCodes``.
    package var code = 0
    /// Positions of tensors; -1 for an operand that is left out.
    package var inputs: [Int] = []
    package var outputs: [Int] = []
    /// A member of the union `BuiltinOptions` or `BuiltinOptions2`.
    package var options: FlatObject?
    package var customOptions: ByteRegion?
    package var mutatingVariableInputs: [Int]?
    package var intermediates: [Int]?
    package var debugMetadataIndex = -1

    package init() {}
  }

  package enum Buffer: Equatable, Sendable {
    case data(ByteRegion)
    /// So many bytes, which whoever writes the model provides.
    case later(count: Int)

    package var count: Int {
      switch self {
      case .data(let bytes): bytes.count
      case .later(let count): count
      }
    }
  }

  package struct Metadata: Hashable, Sendable {
    package var name: String?
    package var buffer: Int

    package init(name: String?, buffer: Int) {
      self.name = name
      self.buffer = buffer
    }
  }

  /// Names for the inputs and outputs of a subgraph.
  package struct Signature: Hashable, Sendable {
    package var key: String?
    package var inputs: [TensorMap] = []
    package var outputs: [TensorMap] = []
    package var subgraph = 0

    package init(key: String? = nil, inputs: [TensorMap] = [], outputs: [TensorMap] = [], subgraph: Int = 0) {
      self.key = key
      self.inputs = inputs
      self.outputs = outputs
      self.subgraph = subgraph
    }
  }

  package struct TensorMap: Hashable, Sendable {
    package var name: String?
    package var tensor: Int

    package init(name: String?, tensor: Int) {
      self.name = name
      self.tensor = tensor
    }
  }
}
