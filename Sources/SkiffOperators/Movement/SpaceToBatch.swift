import SkiffBinary
import SkiffIR

/// Blocks of the axes behind the first gathered into the batch, after padding with zeros.
///
/// Shapes: with m block sizes `b`, input `[n, s…, r…]`, result `[n · Πb, (s + pads) / b…, r…]`; the place in the
/// block counts before the sample. TensorFlow dilates convolutions with it.
public struct SpaceToBatch: DataMovement {
  public static let name = "SpaceToBatch"
  public static let summary = "Blocks of the axes behind the first gathered into the batch, after padding."
  public static let operands: [Operand] = [.required("input")]
  public static let attributes = [
    Attribute<SpaceToBatch>(
      "blockSizes", \.blockSizes, "The size of a block along each axis behind the first."),
    Attribute<SpaceToBatch>("pads", \.pads, "What is added: all beginnings, then all ends; empty means 0."),
  ]

  /// The size of a block along each axis behind the first.
  public var blockSizes: [Int] = []
  /// What is added to these axes: all beginnings, then all ends; empty means 0.
  public var pads: [Int] = []

  /// Creates an operator without blocks.
  public init() {}

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    var type = try context.type(0)
    let amounts = try checkedBlocks(blockSizes, pads, rank: type.rank)
    for (index, block) in blockSizes.enumerated() {
      let padded = type.shape[index + 1] + .fixed(amounts[index] + amounts[blockSizes.count + index])
      if let size = padded.fixed, size % block != 0 {
        throw ModelError(.invalidGraph, "a size of \(size) for blocks of \(block)")
      }
      type.shape[index + 1] = padded / block
      type.shape[0] = type.shape[0] * .fixed(block)
    }
    type.quantization = type.quantization?.ofWholeTensor
    return [type]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let input = try inputs.required(0)
    let amounts = try checkedBlocks(blockSizes, pads, rank: input.rank)
    let count = blockSizes.count
    let axes = Tensor((0..<count).map { Int64($0 + 1) }, shape: [count])
    let padding = Tensor(amounts.map(Int64.init), shape: [2 * count])
    let padded = try Pad().evaluate([input, padding, nil, axes])[0]
    var split = [padded.shape[0]]
    var shape = padded.shape
    for (index, block) in blockSizes.enumerated() {
      guard shape[index + 1] % block == 0 else {
        throw ModelError(.invalidGraph, "a size of \(shape[index + 1]) for blocks of \(block)")
      }
      shape[index + 1] /= block
      shape[0] *= block
      split += [shape[index + 1], block]
    }
    split += padded.shape[(count + 1)...]
    let blocks = (0..<count).map { 2 * $0 + 2 }
    let rest = (0..<count).map { 2 * $0 + 1 } + Array(2 * count + 1..<split.count)
    return [
      try padded.quantized(with: nil).reshaped(to: split).permuted(by: blocks + [0] + rest).reshaped(
        to: shape
      )
      .quantized(with: input.quantization?.ofWholeTensor)
    ]
  }
}

/// The batch spread over blocks of the axes behind the first, and cropped: the inverse of ``SpaceToBatch``.
public struct BatchToSpace: DataMovement {
  public static let name = "BatchToSpace"
  public static let summary = "The batch spread over blocks of the axes behind the first, and cropped."
  public static let operands: [Operand] = [.required("input")]
  public static let attributes = [
    Attribute<BatchToSpace>(
      "blockSizes", \.blockSizes, "The size of a block along each axis behind the first."),
    Attribute<BatchToSpace>(
      "crops", \.crops, "What is cut off: all beginnings, then all ends; empty means 0."),
  ]

  /// The size of a block along each axis behind the first.
  public var blockSizes: [Int] = []
  /// What is cut off these axes: all beginnings, then all ends; empty means 0.
  public var crops: [Int] = []

  /// Creates an operator without blocks.
  public init() {}

  private func shape(_ input: Shape) throws(ModelError) -> (shape: Shape, crops: [Int]) {
    let amounts = try checkedBlocks(blockSizes, crops, rank: input.rank)
    var shape = input
    for (index, block) in blockSizes.enumerated() {
      if let batch = shape[0].fixed, batch % block != 0 {
        throw ModelError(.invalidGraph, "a batch of \(batch) for blocks of \(block)")
      }
      shape[0] = shape[0] / block
      shape[index + 1] =
        shape[index + 1] * .fixed(block) - .fixed(amounts[index] + amounts[blockSizes.count + index])
      if let size = shape[index + 1].fixed, size < 0 {
        throw ModelError(.invalidGraph, "more is cut off axis \(index + 1) than there is")
      }
    }
    return (shape, amounts)
  }

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let type = try context.type(0)
    return [
      TensorType(type.dataType, try shape(type.shape).shape, quantization: type.quantization?.ofWholeTensor)
    ]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let input = try inputs.required(0)
    let (result, crops) = try shape(Shape(input.shape))
    guard let sizes = result.fixed else { throw ModelError(.invalidGraph, "sizes must be known") }
    let count = blockSizes.count
    let split = blockSizes + [sizes[0]] + input.shape[1...]
    var permutation = [count]
    for index in 0..<count { permutation += [count + 1 + index, index] }
    permutation += Array(2 * count + 1..<split.count)
    var whole = sizes
    for index in 0..<count { whole[index + 1] = input.shape[index + 1] * blockSizes[index] }
    let spread = try input.quantized(with: nil).reshaped(to: split).permuted(by: permutation).reshaped(
      to: whole)
    let starts = [0] + crops[..<count] + [Int](repeating: 0, count: sizes.count - count - 1)
    return [
      try spread.quantized(with: input.quantization?.ofWholeTensor).part(starts: Array(starts), sizes: sizes)
    ]
  }
}

/// Checks blocks and amounts for the axes behind the first, and fills in amounts that are left out.
private func checkedBlocks(_ blocks: [Int], _ amounts: [Int], rank: Int) throws(ModelError) -> [Int] {
  guard blocks.count < rank, blocks.allSatisfy({ $0 > 0 && $0 < 1 << 16 }) else {
    throw ModelError(
      .invalidGraph, "blocks \(blocks) for rank \(rank)", at: Location(attribute: "blockSizes"))
  }
  guard !amounts.isEmpty else { return [Int](repeating: 0, count: 2 * blocks.count) }
  guard amounts.count == 2 * blocks.count, amounts.allSatisfy({ $0 >= 0 && $0 < 1 << 31 }) else {
    throw ModelError(.invalidGraph, "\(amounts) for \(blocks.count) axes")
  }
  return amounts
}
