import SkiffTestSupport
import Testing

import SkiffOperators

extension IntegerCase {
  /// Runs the kernels from int8 to int8.
  func run(into result: inout [Int8]) throws {
    switch testCase.operator {
    case "conv", "depthwise": try convolve(into: &result)
    case "transpose_conv": try convolveTransposed(into: &result)
    case "fully_connected": try fullyConnect(into: &result)
    case "average_pool", "max_pool": try pool(into: &result)
    case "mean", "sum", "reduce_max", "reduce_min", "reduce_prod": try reduce(into: &result)
    case "add", "sub", "mul", "maximum", "minimum", "squared_difference": try combine(into: &result)
    case "batch_matmul": try multiplyMatrices(into: &result)
    case "prelu", "softmax", "log_softmax", "l2_normalization": try runRows(into: &result)
    case "resize_nearest", "resize_bilinear": try resize(into: &result)
    default:
      let kernel = try lookup()
      let input = try integers("input")
      var span = result.mutableSpan
      kernel.run(input: input.span, output: &span)
    }
  }

  private func lookup() throws -> QuantizedLookup {
    let (input, output) = (try linear("input"), try linear("output"))
    switch testCase.operator {
    case "relu": return .rectifier(minimum: 0, maximum: .infinity, input: input, output: output)
    case "relu6": return .rectifier(minimum: 0, maximum: 6, input: input, output: output)
    case "relu_n1_to_1": return .rectifier(minimum: -1, maximum: 1, input: input, output: output)
    case "leaky_relu": return .leakyRectifier(slope: real("alpha"), input: input, output: output)
    case "hard_swish": return try #require(QuantizedLookup.hardSwish(input: input, output: output))
    case "abs": return .absolute(input: input, output: output)
    case "rsqrt": return .reciprocalSquareRoot(input: input, output: output)
    case "logistic": return QuantizedLookup(.logistic, input: input, output: output)
    case "tanh": return QuantizedLookup(.tanh, input: input, output: output)
    case "elu": return QuantizedLookup(.elu, input: input, output: output)
    case "gelu":
      return QuantizedLookup(flag("approximate") ? .geluTanh : .gelu, input: input, output: output)
    case "exp": return QuantizedLookup(.exp, input: input, output: output)
    default:
      #expect(testCase.operator == "log")
      let floor = Float(-128 - output.zeroPoint) * output.scale
      return QuantizedLookup(.log(floor: floor), input: input, output: output)
    }
  }

  private func convolve(into result: inout [Int8]) throws {
    let (input, weights) = (try tensor("input"), try tensor("weights"))
    let output = try tensor("output")
    guard case .integer(let groups) = testCase.attributes["groups"] else { return }
    let stored = try integers("weights")
    var elements = stored
    if testCase.operator == "depthwise" {
      // [1, height, width, filters] to [filters, height, width, 1].
      let taps = weights.shape[1] * weights.shape[2]
      let filters = weights.shape[3]
      for index in elements.indices { elements[index] = stored[index % taps * filters + index / taps] }
    }
    let kernel = QuantizedConvolution(
      ConvolutionSums(
        geometry: geometry(large: input.shape, small: output.shape), inputChannels: input.shape[3],
        outputChannels: output.shape[3], groups: groups), input: try linear("input"),
      weightScales: weights.scales, output: try linear("output"), activation: activation)
    let (data, bias) = (try integers("input"), bias())
    var span = result.mutableSpan
    kernel.run(input: data.span, weights: elements.span, bias: bias.span, output: &span)
  }

  private func convolveTransposed(into result: inout [Int8]) throws {
    let (input, output) = (try tensor("input"), try tensor("output"))
    let kernel = QuantizedTransposedConvolution(
      geometry: geometry(large: input.shape, small: output.shape), inputChannels: input.shape[3],
      outputChannels: output.shape[3], input: try linear("input"),
      weightScales: try tensor("weights").scales, output: try linear("output"), activation: activation)
    let (data, weights, bias) = (try integers("input"), try integers("weights"), bias())
    var span = result.mutableSpan
    kernel.run(input: data.span, weights: weights.span, bias: bias.span, output: &span)
  }

  private func fullyConnect(into result: inout [Int8]) throws {
    let (input, weights) = (try tensor("input"), try tensor("weights"))
    let kernel = QuantizedFullyConnected(
      rows: input.shape[0], depth: weights.shape[1], units: weights.shape[0], input: try linear("input"),
      weightScales: weights.scales, output: try linear("output"), activation: activation)
    let (data, stored, bias) = (try integers("input"), try integers("weights"), bias())
    var span = result.mutableSpan
    kernel.run(input: data.span, weights: stored.span, bias: bias.span, output: &span)
  }

  private func pool(into result: inout [Int8]) throws {
    let input = try tensor("input")
    let kernel = QuantizedPooling(
      testCase.operator == "max_pool" ? .maximum : .average,
      geometry: geometry(large: input.shape, small: try tensor("output").shape), channels: input.shape[3],
      output: try linear("output"), activation: activation)
    let data = try integers("input")
    var span = result.mutableSpan
    kernel.run(input: data.span, output: &span)
  }

  private func reduce(into result: inout [Int8]) throws {
    let kinds: [String: QuantizedReduction.Kind] = [
      "mean": .mean, "sum": .sum, "reduce_max": .maximum, "reduce_min": .minimum, "reduce_prod": .product,
    ]
    let kind = try #require(kinds[testCase.operator])
    let kernel = QuantizedReduction(
      kind, shape: try tensor("input").shape, axes: Set(list("axes")), input: try linear("input"),
      output: try linear("output"))
    let data = try integers("input")
    if kind == .sum {
      // LiteRT 2.3.0's reference resolver reads int8 sums as unsigned bytes, their parameters as they are.
      let bytes = data.map { UInt8(bitPattern: $0) }
      var sums = [UInt8](repeating: 0, count: result.count)
      var span = sums.mutableSpan
      kernel.run(input: bytes.span, output: &span)
      result = sums.map { Int8(bitPattern: $0) }
    } else {
      var span = result.mutableSpan
      kernel.run(input: data.span, output: &span)
    }
  }

  private func runRows(into result: inout [Int8]) throws {
    let (input, data) = (try linear("input"), try integers("input"))
    let depth = try tensor("input").shape.last ?? 1
    switch testCase.operator {
    case "softmax":
      let kernel = try #require(QuantizedSoftmax(depth: depth, beta: real("beta"), input: input))
      var span = result.mutableSpan
      kernel.run(input: data.span, output: &span)
    case "log_softmax":
      let kernel = try #require(QuantizedLogSoftmax(depth: depth, input: input))
      var span = result.mutableSpan
      kernel.run(input: data.span, output: &span)
    case "prelu":
      let kernel = QuantizedParametricRectifier(
        broadcast: try broadcast("input", "slopes"), input: input, slope: try linear("slopes"),
        output: try linear("output"))
      let slopes = try integers("slopes")
      var span = result.mutableSpan
      kernel.run(first: data.span, second: slopes.span, output: &span)
    default:
      let kernel = QuantizedL2Normalization(depth: depth, input: input)
      var span = result.mutableSpan
      kernel.run(input: data.span, output: &span)
    }
  }

  private func resize(into result: inout [Int8]) throws {
    let (from, to) = (try tensor("input").shape, try tensor("output").shape)
    let kernel = QuantizedResize(
      testCase.operator == "resize_nearest" ? .nearest : .bilinear, batch: from[0],
      input: WindowGeometry.Size(height: from[1], width: from[2]),
      output: WindowGeometry.Size(height: to[1], width: to[2]), channels: from[3],
      alignCorners: flag("align_corners"), halfPixelCenters: flag("half_pixel_centers"))
    let data = try integers("input")
    var span = result.mutableSpan
    kernel.run(input: data.span, output: &span)
  }

  private func multiplyMatrices(into result: inout [Int8]) throws {
    let (x, y, z) = (try tensor("first").shape, try tensor("second").shape, try tensor("output").shape)
    let stacks = try #require(QuantizedBroadcast(x.dropLast(2), y.dropLast(2)))
    let kernel = QuantizedBatchMatrixProduct(
      broadcast: stacks, rows: z[z.count - 2],
      depth: flag("adjoint_first") ? x[x.count - 2] : x[x.count - 1], columns: z[z.count - 1],
      transposesFirst: flag("adjoint_first"), transposesSecond: flag("adjoint_second"),
      first: try linear("first"), second: try linear("second"), output: try linear("output"))
    let (a, b) = (try integers("first"), try integers("second"))
    var span = result.mutableSpan
    kernel.run(first: a.span, second: b.span, output: &span)
  }

  private func combine(into result: inout [Int8]) throws {
    let (a, b) = (try integers("first"), try integers("second"))
    let (first, second, output) = (try linear("first"), try linear("second"), try linear("output"))
    let broadcast = try broadcast("first", "second")
    var span = result.mutableSpan
    switch testCase.operator {
    case "mul":
      let kernel = QuantizedMultiplication(
        broadcast: broadcast, first: first, second: second, output: output, activation: activation)
      kernel.run(first: a.span, second: b.span, output: &span)
    case "maximum", "minimum":
      let kernel = QuantizedExtremum(broadcast: broadcast, takesMaximum: testCase.operator == "maximum")
      kernel.run(first: a.span, second: b.span, output: &span)
    case "squared_difference":
      let kernel = QuantizedSquaredDifference(
        broadcast: broadcast, first: first, second: second, output: output)
      kernel.run(first: a.span, second: b.span, output: &span)
    default:
      let kernel = QuantizedAddition(
        broadcast: broadcast, subtracts: testCase.operator == "sub", first: first, second: second,
        output: output, activation: activation)
      kernel.run(first: a.span, second: b.span, output: &span)
    }
  }
}
