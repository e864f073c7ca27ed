import SkiffBinary
import SkiffIR
import SkiffOperators

/// The rows of numbers that the weights of an operator are multiplied with: one for each place of its result, in each group.
///
/// A row has its numbers in the order of the weights of one output.
struct InputRows {
  /// The number of places that are looked at, evenly over all places.
  let count: Int
  /// All places of the result.
  let total: Int
  /// The numbers of one row, as many as an output has weights.
  let width: Int
  /// The groups that inputs and outputs are divided into.
  let groups: Int
  private let input: [Float]
  /// Where the first channel is of each element under the window, place by place; nil in the padding.
  private let offsets: [Int?]
  private let channels: Int
  private let channelStride: Int
  /// Whether all channels of an element follow each other in a row, or all elements of a channel.
  private let hasChannelsInside: Bool

  /// The groups of an operator whose weights have rows of inputs; nil for another.
  ///
  /// - Parameter weights: The sizes of the weights.
  static func groups(of operator: any Operator, weights: [Int]) -> Int? {
    switch `operator` {
    case let convolution as Convolution:
      let groups = convolution.groups
      return weights.count >= 3 && groups > 0 && weights[0] % groups == 0 ? groups : nil
    case is FullyConnected: return weights.count == 2 ? 1 : nil
    case let product as MatrixMultiply: return weights.count == 2 && !product.transposesA ? 1 : nil
    default: return nil
    }
  }

  /// - Parameters:
  ///   - weights: The sizes of the weights, the second operand.
  ///   - limit: The most places that are looked at.
  /// - Returns: Nil for an operator without such weights, or whose sizes do not fit.
  init?(_ operator: any Operator, weights: [Int], input: Tensor, limit: Int) throws(ModelError) {
    guard let groups = Self.groups(of: `operator`, weights: weights) else { return nil }
    self.groups = groups
    let outputs = weights[(`operator` as? MatrixMultiply)?.outputAxis(ofWeights: 2) ?? 0]
    guard outputs > 0 else { return nil }
    width = weights.reduce(1, *) / outputs
    self.input = try input.floats()
    guard width > 0 else { return nil }
    guard let convolution = `operator` as? Convolution else {
      guard input.shape.last == width else { return nil }
      total = input.count / width
      count = min(total, limit)
      let (count, total, width) = (count, total, width)
      offsets = (0..<count).map { $0 * total / count * width }
      (channels, channelStride, hasChannelsInside) = (width, 1, true)
      return
    }
    let rank = input.rank
    let channelAxis = convolution.layout.channelAxis(rank: rank)
    let window = try convolution.window(weights: weights)
    guard rank == weights.count, input.shape[channelAxis] == groups * weights[channelAxis] else { return nil }
    let spatial = convolution.layout.spatialAxes(rank: rank)
    let space = Array(input.shape[spatial])
    guard let positions = Shape(try window.outputSizes(space.map { .fixed($0) })).fixed else { return nil }
    let strides = Tensor.strides(of: input.shape)
    let begins = window.begins(space)
    total = input.shape[0] * positions.reduce(1, *)
    count = min(total, limit)
    channels = weights[channelAxis]
    channelStride = strides[channelAxis]
    hasChannelsInside = convolution.layout == .last
    var offsets: [Int?] = []
    offsets.reserveCapacity(count * window.size.reduce(1, *))
    for row in 0..<count {
      var place = row * total / count
      var position = positions
      for axis in positions.indices.reversed() {
        position[axis] = place % positions[axis]
        place /= positions[axis]
      }
      forEachIndex(window.size) { element in
        var offset: Int? = place * strides[0]
        for (axis, stride) in zip(space.indices, strides[spatial]) {
          let first = position[axis] * window.strides[axis] - begins[axis]
          let at = first + element[axis] * window.dilations[axis]
          offset = (0..<space[axis]).contains(at) ? offset.map { $0 + at * stride } : nil
        }
        offsets.append(offset)
      }
    }
    self.offsets = offsets
  }

  /// The place of the result that a row is for.
  func place(_ row: Int) -> Int { row * total / count }

  /// Appends the numbers that the outputs of a group are made of at one place.
  func append<Number: BinaryFloatingPoint>(_ row: Int, group: Int, to numbers: inout [Number]) {
    let taps = width / channels
    let first = group * channels * channelStride
    func append(_ tap: Int, _ channel: Int) {
      let offset = offsets[row * taps + tap]
      numbers.append(offset.map { Number(input[$0 + first + channel * channelStride]) } ?? 0)
    }
    if hasChannelsInside {
      for tap in 0..<taps { for channel in 0..<channels { append(tap, channel) } }
    } else {
      for channel in 0..<channels { for tap in 0..<taps { append(tap, channel) } }
    }
  }
}

extension MatrixMultiply {
  /// The axis of the outputs in weights of a rank that are on the right.
  func outputAxis(ofWeights rank: Int) -> Int { transposesB ? rank - 2 : rank - 1 }
}
