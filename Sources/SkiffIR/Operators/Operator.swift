import SkiffBinary

/// What a node computes: one type for each operator, its attributes as properties.
///
/// Everything else an operator can do is a refinement of this protocol, discovered when it is needed.
public protocol Operator: Sendable {
  /// The name in the text form and in the edge format, for example `Convolution`.
  static var name: String { get }
  /// What it computes, one line for the documentation.
  static var summary: String { get }
  /// What it is applied to.
  static var operands: [Operand] { get }
  /// The attributes, in the order in which they are written.
  static var attributes: [Attribute<Self>] { get }
  /// The operator with each attribute at its default.
  init()
  /// The number of results; 1 unless an attribute says otherwise.
  var outputCount: Int { get }
  /// The types of the results, as many as ``outputCount``.
  ///
  /// - Throws: ``ModelError/Code/invalidGraph`` if the operands cannot go together.
  func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType]
}

extension Operator {
  public static var attributes: [Attribute<Self>] { [] }
  public var outputCount: Int { 1 }

  /// Checks that no required operand is missing and none is superfluous.
  package static func checkOperands(_ inputs: [ValueID?]) throws(ModelError) {
    let variadic = operands.last?.kind == .variadic
    guard inputs.count <= operands.count || variadic else {
      throw ModelError(
        .invalidGraph, "\(name) has \(inputs.count) operands, at most \(operands.count) make sense")
    }
    for (index, operand) in operands.enumerated() where operand.kind == .required {
      guard index < inputs.count, inputs[index] != nil else {
        throw ModelError(.invalidGraph, "\(name) lacks its operand '\(operand.name)'")
      }
    }
  }
}

/// One of the things that an operator is applied to.
public struct Operand: Hashable, Sendable {
  /// How often it may occur.
  public enum Kind: Hashable, Sendable {
    /// Once.
    case required
    /// At most once.
    case optional
    /// Any number of times; only the last operand.
    case variadic
  }

  /// The name for people.
  public let name: String
  /// How often it may occur.
  public let kind: Kind

  /// An operand that must be there.
  public static func required(_ name: String) -> Operand { Operand(name: name, kind: .required) }
  /// An operand that may be left out.
  public static func optional(_ name: String) -> Operand { Operand(name: name, kind: .optional) }
  /// Any number of operands at the end.
  public static func variadic(_ name: String) -> Operand { Operand(name: name, kind: .variadic) }
}

/// An operator that can compute its results directly, in the plainest way: the oracle of every faster kernel.
public protocol ReferenceKernel: Operator {
  /// The results for operands that exist.
  ///
  /// - Throws: ``ModelError/Code/unsupported`` for a data type that it does not compute with.
  func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor]
}

/// An operator whose results consist of elements of its first operand, moved but never changed.
///
/// The results have the operand's quantization parameters, and the reference kernel works on any data type.
public protocol DataMovement: ReferenceKernel {}

/// An operator whose reference kernel takes integers that stand for real numbers and gives real numbers.
public protocol RealNumberBoundary: ReferenceKernel {}

/// What the integer form of an operator asks of the quantization parameters of its operands and results.
///
/// The rules of TensorFlow Lite's 8-bit quantization specification.
public enum ParameterRule: Hashable, Sendable {
  /// The second operand are weights, symmetric; the third a bias with the product of both scales.
  case weighted
  /// Each operand and result has parameters of its own.
  case free
  /// The results have the parameters of the first operand.
  case follows
  /// The operands have the parameters of the result.
  case shared
  /// The result has these parameters, the operands their own.
  case fixed(scale: Float, zeroPoint: Int)
}

/// An operator that computes with quantized integers.
public protocol QuantizedKernel: Operator {
  /// What it asks of the parameters of its operands and results; by default nothing.
  var parameterRule: ParameterRule { get }
  /// The operands that stay real numbers while the others are quantized; by default none.
  var realOperands: Set<Int> { get }
  /// Whether the kernel also has the rules of unsigned bytes, see ``QuantizedContext/isUnsigned``; by default so.
  var takesUnsigned: Bool { get }
  /// Derives every constant of the computation once.
  ///
  /// - Returns: The kernel, or nil if there is no integer form for these types.
  func prepare(_ context: QuantizedContext) throws(ModelError) -> (any PreparedKernel)?
}

extension QuantizedKernel {
  public var parameterRule: ParameterRule { .free }
  public var realOperands: Set<Int> { [] }
  public var takesUnsigned: Bool { true }
}

/// A computation with all of its constants derived.
public protocol PreparedKernel: Sendable {
  /// The results for operands that exist, in the order of the operator's operands.
  func run(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor]
}

/// A kernel that can derive something from constant operands once, instead of in each run.
public protocol PreparableKernel: ReferenceKernel {
  /// The kernel with what it derives; nil if the constants are not those it needs.
  ///
  /// - Parameter constants: The operands that are constants, in the order of the operator's operands.
  func prepare(_ constants: [Tensor?]) throws(ModelError) -> (any PreparedKernel)?
}

/// What a quantized kernel is prepared from.
public struct QuantizedContext: Sendable {
  /// The types of the operands, nil for one that is left out; sizes are fixed.
  public let inputs: [TensorType?]
  /// The operands that are constants.
  public let constants: [Tensor?]
  /// The types of the results; sizes are fixed.
  public let outputs: [TensorType]
  /// Whether the int8 tensors are in truth unsigned bytes, each less 128: then weights have a zero point, and some kernels
  /// scale and round in other ways.
  public let isUnsigned: Bool

  /// Creates a context.
  public init(
    inputs: [TensorType?], constants: [Tensor?], outputs: [TensorType], isUnsigned: Bool = false
  ) {
    self.inputs = inputs
    self.constants = constants
    self.outputs = outputs
    self.isUnsigned = isUnsigned
  }
}

/// An operator on integers that shapes are computed with.
///
/// It says what it knows of its result's elements while sizes are still symbols.
public protocol ShapeArithmetic: Operator {
  /// The elements of the first result as far as they are known, nil if nothing is; inference drops them if they are
  /// not as many as the result's type says.
  func knownElements(_ context: InferenceContext) -> [Shape.Dimension]?
}
