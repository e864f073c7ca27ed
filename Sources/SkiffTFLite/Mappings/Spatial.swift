import SkiffBinary
import SkiffIR
import SkiffOperators

extension Dialect {
  /// Convolutions and pooling; windows are written over two axes, one of size 1 is added where there is only one.
  static let spatial: [Mapping] = [
    Mapping(
      "CONV_2D", Convolution.self, accepts: { _, node, graph in node.rank(in: graph) ?? 0 <= 4 },
      read: readConvolution, write: writeConvolution),
    Mapping(
      "DEPTHWISE_CONV_2D", Convolution.self, accepts: { _, node, graph in node.rank(in: graph) ?? 0 <= 4 },
      read: readDepthwise, write: writeDepthwise),
    Mapping(
      "AVERAGE_POOL_2D", AveragePool.self, accepts: { _, node, graph in node.rank(in: graph) ?? 0 <= 4 },
      read: { (reader) throws(ModelError) in
        var pool = AveragePool()
        pool.layout = .last
        pool.size = [reader.options.integer("filter_height"), reader.options.integer("filter_width")]
        pool.strides = reader.strides
        pool.padding = try reader.padding()
        pool.activation = try reader.activation()
        return [try reader.add(pool, reader.inputs)]
      },
      write: { (pool, writer) throws(ModelError) in
        try writer.requireChannelsLast(pool.layout)
        let window = try pool.window
        try writer.requireNoDilation(window)
        let divisors = try writer.divisors(of: pool, window)
        var spatial = try SpatialCall(writer, pool.roundsUp ? writer.filledUp(window) : window)
        try spatial.pad(with: .zero, isCounted: divisors != nil)
        let factors = divisors?.map { Float(window.size.reduce(1, *)) / $0 }
        try spatial.emit(
          "AVERAGE_POOL_2D", [], pool.activation, options: spatial.poolOptions(window),
          times: factors?.allSatisfy { $0 == 1 } == true ? nil : factors)
        return true
      }),
    Mapping(
      "MAX_POOL_2D", MaxPool.self, accepts: { _, node, graph in node.rank(in: graph) ?? 0 <= 4 },
      read: { (reader) throws(ModelError) in
        var pool = MaxPool()
        pool.layout = .last
        pool.size = [reader.options.integer("filter_height"), reader.options.integer("filter_width")]
        pool.strides = reader.strides
        pool.padding = try reader.padding()
        return [try reader.addClamped(pool, reader.inputs)]
      },
      write: { (pool, writer) throws(ModelError) in
        try writer.requireChannelsLast(pool.layout)
        let window = try pool.window
        try writer.requireNoDilation(window)
        var spatial = try SpatialCall(writer, pool.roundsUp ? writer.filledUp(window) : window)
        try spatial.pad(with: .lowest)
        try spatial.emit("MAX_POOL_2D", [], .none, options: spatial.poolOptions(window))
        return true
      }),
    Mapping(
      "L2_POOL_2D", AveragePool.self, accepts: { _, _, _ in false }, read: readRootMeanSquare,
      write: { _, _ in false }),
  ]

  /// The root of the mean of squares.
  private static func readRootMeanSquare(_ reader: OperatorReader) throws(ModelError) -> [ValueID] {
    var pool = AveragePool()
    pool.layout = .last
    pool.size = [reader.options.integer("filter_height"), reader.options.integer("filter_width")]
    pool.strides = reader.strides
    pool.padding = try reader.padding()
    let squares = try reader.addIntermediate(Square(), [reader.input(0)])
    let means = try reader.addIntermediate(pool, [squares])
    return [try reader.addClamped(Sqrt(), [means])]
  }

  private static func readConvolution(_ reader: OperatorReader) throws(ModelError) -> [ValueID] {
    var convolution = try convolution(reader)
    let (input, weights) = (try reader.type(0), try reader.type(1))
    guard input.rank == 4, weights.rank == 4 else {
      throw ModelError(.malformed, "an input \(input.shape) with weights \(weights.shape)")
    }
    if let channels = input.shape[3].fixed, let depth = weights.shape[3].fixed, depth > 0 {
      convolution.groups = channels / depth
    }
    let operands = [try reader.input(0), try reader.input(1), try reader.bias(2)]
    return [try reader.add(convolution, operands + reader.inputs.dropFirst(3))]
  }

  /// Weights `[1, height, width, channels · multiplier]` become `[channels · multiplier, height, width, 1]`.
  private static func readDepthwise(_ reader: OperatorReader) throws(ModelError) -> [ValueID] {
    var convolution = try convolution(reader)
    let input = try reader.type(0)
    // Where the input's size is open, the weights tell it.
    let multiplier = reader.options.integer("depth_multiplier")
    let weighted = try reader.type(1).shape.dimensions.last?.fixed
    guard input.rank == 4, try reader.type(1).rank == 4,
      let channels = input.shape[3].fixed ?? weighted.flatMap({ multiplier > 0 ? $0 / multiplier : nil })
    else {
      throw ModelError(.malformed, "a depthwise convolution of an input \(input.shape)")
    }
    convolution.groups = channels
    let weights = try reader.permuted(reader.input(1), by: [3, 1, 2, 0])
    return [try reader.add(convolution, [reader.input(0), weights] + reader.inputs.dropFirst(2))]
  }

  private static func convolution(_ reader: OperatorReader) throws(ModelError) -> Convolution {
    var convolution = Convolution()
    convolution.layout = .last
    convolution.strides = reader.strides
    convolution.dilations = [
      reader.options.integer("dilation_h_factor"), reader.options.integer("dilation_w_factor"),
    ]
    convolution.padding = try reader.padding()
    convolution.activation = try reader.activation()
    return convolution
  }

  private static func writeConvolution(
    _ convolution: Convolution, _ writer: NodeWriter
  ) throws(ModelError) -> Bool {
    let sizes = try writer.fixedShape(1)
    // One group for each channel is a row of its own.
    guard !isDepthwise(convolution, sizes) else { return false }
    try writer.requireChannelsLast(convolution.layout)
    // The format tells the groups by the sizes alone.
    let channels = try writer.type(0).shape.dimensions.last?.fixed
    guard convolution.groups == 1 || channels != nil else {
      throw ModelError(.unsupported, "\(convolution.groups) groups of channels whose number is not fixed")
    }
    let window = try convolution.window(weights: sizes)
    var spatial = try SpatialCall(writer, window)
    try spatial.pad(with: .zero)
    let weights = try spatial.weights(writer.required(1), sizes)
    var options = spatial.options("Conv2DOptions")
    options["dilation_h_factor"] = .integer(spatial.dilations[0])
    options["dilation_w_factor"] = .integer(spatial.dilations[1])
    let bias = try writer.bias(2, weights: weights, outputs: sizes[0])
    try spatial.emit(
      "CONV_2D", [weights, bias], convolution.activation,
      options: writer.saying(biasType: bias, in: options))
    return true
  }

  private static func writeDepthwise(
    _ convolution: Convolution, _ writer: NodeWriter
  ) throws(ModelError) -> Bool {
    try writer.requireChannelsLast(convolution.layout)
    let sizes = try writer.fixedShape(1)
    let window = try convolution.window(weights: sizes)
    var spatial = try SpatialCall(writer, window)
    try spatial.pad(with: .zero)
    let square = try spatial.weights(writer.required(1), sizes)
    let weights = try writer.permuted(square, by: [3, 1, 2, 0])
    var options = spatial.options("DepthwiseConv2DOptions")
    options["depth_multiplier"] = .integer(sizes[0] / convolution.groups)
    options["dilation_h_factor"] = .integer(spatial.dilations[0])
    options["dilation_w_factor"] = .integer(spatial.dilations[1])
    let bias = try writer.bias(2, weights: weights, outputs: sizes[0])
    guard try writer.type(0).dataType != .int16 || writer.exporter.types[bias].dataType != .int32 else {
      throw ModelError(
        .unsupported, "a bias of 32 bits beside channels of 16 that are convolved each by itself")
    }
    try spatial.emit("DEPTHWISE_CONV_2D", [weights, bias], convolution.activation, options: options)
    return true
  }

  private static func isDepthwise(_ convolution: Convolution, _ weights: [Int]) -> Bool {
    convolution.groups > 1 && weights.last == 1
  }
}

extension OperatorReader {
  /// Applies an operator that has no clamp of its own, and the fused one behind it.
  fileprivate func addClamped(_ operator: any Operator, _ inputs: [ValueID?]) throws(ModelError) -> ValueID {
    let activation = try activation()
    guard activation != .none else { return try add(`operator`, inputs) }
    let result = try addIntermediate(`operator`, inputs)
    func bound(_ number: Float) -> Float? { number.isFinite ? number : nil }
    return try add(
      Clip(minimum: bound(activation.lowerBound), maximum: bound(activation.upperBound)), [result])
  }

  /// The steps along height and width.
  fileprivate var strides: [Int] { [options.integer("stride_h"), options.integer("stride_w")] }
}

extension NodeWriter {
  func requireChannelsLast(_ layout: ChannelLayout) throws(ModelError) {
    guard layout == .last else {
      throw ModelError(.unsupported, "channels must be last", at: Location(attribute: "layout"))
    }
  }

  /// The spatial sizes of the operand, nil where some are not fixed.
  private var space: [Int]? {
    get throws(ModelError) {
      let sizes = try type(0).shape.dimensions.dropFirst().dropLast().map(\.fixed)
      let space = sizes.compactMap(\.self)
      return space.count == sizes.count ? space : nil
    }
  }

  /// The window that is rounded down at the same positions.
  fileprivate func filledUp(_ window: Window) throws(ModelError) -> Window {
    guard let space = try space else {
      throw ModelError(.unsupported, "windows that are rounded up over sizes which are not fixed")
    }
    return try window.filledUp(space)
  }

  /// What the sum at each position is divided by, nil where it is what the format's operator divides by.
  fileprivate func divisors(of pool: AveragePool, _ window: Window) throws(ModelError) -> [Float]? {
    guard let space = try space else {
      let isPlain = window.padding == .explicit && !pool.roundsUp
      guard isPlain, pool.countsPadding || window.pads.allSatisfy({ $0 == 0 }) else {
        throw ModelError(.unsupported, "a padding that depends on sizes which are not fixed")
      }
      return window.pads.allSatisfy { $0 == 0 } ? nil : [Float(window.size.reduce(1, *))]
    }
    let isPadded = try window.filledUp(space).pads.contains { $0 != 0 }
    guard isPadded else { return nil }
    let isSameOrValid = try window.isSameOrValid(space)
    guard pool.countsPadding || !isSameOrValid else { return nil }
    guard try !type(0).isQuantized else {
      throw ModelError(.unsupported, "a padding other than SAME or VALID", at: Location(attribute: "pads"))
    }
    try checkListing(window.outputSizes(space.map { .fixed($0) }).compactMap(\.fixed))
    return try window.divisors(space, countsPadding: pool.countsPadding)
  }

  func requireNoDilation(_ window: Window) throws(ModelError) {
    guard window.dilations.allSatisfy({ $0 == 1 }) else {
      throw ModelError(.unsupported, "a dilated window", at: Location(attribute: "dilations"))
    }
  }
}
