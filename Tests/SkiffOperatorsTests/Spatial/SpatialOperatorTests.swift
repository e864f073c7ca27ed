import SkiffBinary
import SkiffIR
import SkiffOperators
import SkiffTestSupport
import Testing

@Suite struct TransposedConvolutionTests {
  @Test(.needsPeer(.check), arguments: Seed.fixedAndFresh) func matchesONNXRuntime(seed: Seed) throws {
    var random = SeededGenerator(seed)
    var cases: [ONNXCase] = []
    func add(
      _ attributes: [String: any Sendable], _ input: [Int], _ weights: [Int], bias: Int? = nil,
      _ kernel: TransposedConvolution
    ) {
      var tensors = [Tensor.random(input, &random), Tensor.random(weights, &random)]
      if let bias { tensors.append(.random([bias], &random)) }
      cases.append(ONNXCase("ConvTranspose", attributes, tensors, is: kernel))
    }
    let plain = TransposedConvolution()
    add([:], [2, 3, 4, 5], [3, 2, 3, 3], plain)
    add(["strides": [2, 3]], [1, 3, 4, 5], [3, 2, 3, 2], bias: 2, plain.with([2, 3], \.strides))
    add(
      ["strides": [2, 2], "pads": [1, 0, 1, 2], "output_padding": [1, 0]], [1, 2, 4, 5], [2, 3, 3, 4],
      bias: 3,
      plain.with([2, 2], \.strides).with([1, 0, 1, 2], \.pads).with([1, 0], \.outputPadding))
    add(
      ["group": 2, "dilations": [2, 1]], [1, 4, 4, 3], [4, 3, 2, 3], bias: 6,
      plain.with(2, \.groups).with([2, 1], \.dilations))
    add(
      ["group": 4, "strides": [2, 2]], [1, 4, 3, 3], [4, 1, 2, 2],
      plain.with(4, \.groups).with([2, 2], \.strides))
    add(["strides": [3]], [2, 3, 7], [3, 4, 5], plain.with([3], \.strides))
    add(["strides": [2, 1, 2]], [1, 2, 3, 2, 3], [2, 2, 2, 3, 2], plain.with([2, 1, 2], \.strides))
    for (name, padding) in [("SAME_UPPER", Padding.sameUpper), ("SAME_LOWER", .sameLower)] {
      add(
        ["strides": [2, 3], "auto_pad": name], [1, 2, 4, 4], [2, 2, 3, 4],
        plain.with([2, 3], \.strides).with(padding, \.padding))
      add(
        ["strides": [2, 2], "auto_pad": name, "output_shape": [8, 9]], [1, 2, 4, 4], [2, 2, 3, 4],
        plain.with([2, 2], \.strides).with(padding, \.padding).with([8, 9], \.outputSizes))
    }
    try ONNXCase.expectEqual(cases)
  }

  @Test func channelsLastIsTheSameTransposed() throws {
    var random = SeededGenerator(Seed(3))
    let kernel = TransposedConvolution().with(2, \.groups).with([2, 1], \.strides).with([1, 0, 0, 1], \.pads)
      .with(.relu, \.activation)
    let (input, weights) = (Tensor.random([2, 4, 3, 5], &random), Tensor.random([4, 3, 3, 2], &random))
    let bias = Tensor.random([6], &random)
    let first = try run(kernel, input, weights, bias)
    let last = try run(
      kernel.with(.last, \.layout), input.permuted(by: [0, 2, 3, 1]), weights.permuted(by: [1, 2, 3, 0]), bias
    )
    let difference = FloatDifference(try last.permuted(by: [0, 3, 1, 2]).floats(), from: try first.floats())
    #expect(difference.errorOfRange < 1e-6, "\(difference)")
    #expect(try first.floats().allSatisfy { $0 >= 0 })
  }

  @Test func shapesFollowSymbols() throws {
    let weights = InferenceOperand.floats(.fixed(3), .fixed(2), .fixed(4), .fixed(4))
    let images = InferenceOperand.floats(.symbol("N"), .fixed(3), .symbol("H"), .fixed(5))
    let kernel = TransposedConvolution().with([2, 2], \.strides).with([1, 1, 1, 1], \.pads)
    #expect(try inferred(kernel, images, weights)[0].shape.description == "[N,2,2*H,10]")
    #expect(throws: ModelError.self) { try inferred(kernel.with(2, \.groups), images, weights) }
    #expect(throws: ModelError.self) { try inferred(kernel.with([1], \.outputPadding), images, weights) }
    #expect(throws: ModelError.self) {
      try inferred(
        kernel.with([9, 0, 9, 0], \.pads), .floats(.fixed(1), .fixed(3), .fixed(1), .fixed(1)), weights)
    }
  }
}

@Suite struct ResizeTests {
  private static let coordinates: [(String, ResizeCoordinates)] = [
    ("half_pixel", .halfPixel), ("half_pixel_symmetric", .halfPixelSymmetric),
    ("pytorch_half_pixel", .pytorchHalfPixel), ("align_corners", .alignCorners), ("asymmetric", .asymmetric),
  ]
  private static let roundings: [(String, ResizeRounding)] = [
    ("round_prefer_floor", .roundPreferFloor), ("round_prefer_ceil", .roundPreferCeil), ("floor", .floor),
    ("ceil", .ceil),
  ]

  @Test(.needsPeer(.check), arguments: Seed.fixedAndFresh) func matchesONNXRuntime(seed: Seed) throws {
    var random = SeededGenerator(seed)
    let image = Tensor.random([1, 2, 5, 6], &random)
    let scaleLists: [[Float]] = [[1, 1, 2, 3], [1, 1, 0.7, 0.5], [1, 1, 1.7, 0.8]]
    let sizeLists = [[1, 2, 8, 3], [1, 2, 1, 11]]
    var cases: [ONNXCase] = []
    func add(_ attributes: [String: any Sendable], _ kernel: Resize) {
      for scales in scaleLists {
        cases.append(ONNXCase("Resize", attributes, [image, nil, .reals(scales)], is: kernel, opset: 19))
      }
      for sizes in sizeLists {
        cases.append(ONNXCase("Resize", attributes, [image, nil, nil, .list(sizes)], is: kernel, opset: 19))
      }
    }
    for (name, coordinates) in Self.coordinates {
      let kernel = Resize().with(coordinates, \.coordinates)
      for (roundingName, rounding) in Self.roundings {
        add(
          ["coordinate_transformation_mode": name, "nearest_mode": roundingName],
          kernel.with(rounding, \.rounding))
      }
      add(["coordinate_transformation_mode": name, "mode": "linear"], kernel.with(.linear, \.mode))
      add(["coordinate_transformation_mode": name, "mode": "cubic"], kernel.with(.cubic, \.mode))
      add(
        [
          "coordinate_transformation_mode": name, "mode": "cubic", "exclude_outside": 1,
          "cubic_coeff_a": -0.5,
        ],
        kernel.with(.cubic, \.mode).with(true, \.excludesOutside).with(-0.5, \.cubicCoefficient))
    }
    for mode in [ResizeMode.linear, .cubic] {
      add(
        ["mode": mode.rawValue, "antialias": 1], Resize().with(mode, \.mode).with(true, \.antialiases))
    }
    try ONNXCase.expectEqual(cases)
  }

  @Test(.needsPeer(.check)) func croppingAndAxesMatchONNXRuntime() throws {
    var random = SeededGenerator(Seed(11))
    let image = Tensor.random([1, 2, 5, 6], &random)
    let region = Tensor.reals([0, 0, 0.2, -0.3, 1, 1, 0.9, 1.2])
    var cases: [ONNXCase] = []
    for mode in [ResizeMode.nearest, .linear] {
      cases.append(
        ONNXCase(
          "Resize",
          [
            "coordinate_transformation_mode": "tf_crop_and_resize", "mode": mode.rawValue,
            "extrapolation_value": 9.5,
          ],
          [image, region, nil, .list([1, 2, 4, 7])],
          is: Resize().with(mode, \.mode).with(.tfCropAndResize, \.coordinates).with(9.5, \.extrapolation),
          opset: 19))
    }
    for (name, policy) in [("not_larger", AspectRatioPolicy.notLarger), ("not_smaller", .notSmaller)] {
      cases.append(
        ONNXCase(
          "Resize", ["axes": [2, 3], "keep_aspect_ratio_policy": name, "mode": "linear"],
          [image, nil, nil, .list([8, 8])],
          is: Resize().with([2, 3], \.axes).with(policy, \.policy).with(.linear, \.mode), opset: 19))
    }
    cases.append(
      ONNXCase(
        "Resize", ["axes": [3, 2]], [image, nil, .reals([2, 1.5])], is: Resize().with([3, 2], \.axes),
        opset: 19))
    let bytes = Tensor([1, 2, 3, 4] as [UInt8], shape: [1, 1, 2, 2])
    cases.append(ONNXCase("Resize", [:], [bytes, nil, .reals([1, 1, 2, 2])], is: Resize(), opset: 19))
    let nothing = Tensor([Float](), shape: [1, 2, 3, 0])
    cases.append(ONNXCase("Resize", [:], [nothing, nil, .reals([1, 1, 2, 3])], is: Resize(), opset: 19))
    try ONNXCase.expectEqual(cases)
  }

  @Test func shapesFollowSymbols() throws {
    let images = InferenceOperand.floats(.symbol("N"), .fixed(3), .symbol("H"), .fixed(5))
    func shape(_ kernel: Resize, _ operands: InferenceOperand?...) throws -> String {
      try inferred(kernel, images, operands[0], operands[1], operands[2])[0].shape.description
    }
    #expect(try shape(Resize(), nil, .constant(.reals([1, 1, 2, 2.5])), nil) == "[N,3,2*H,12]")
    #expect(try shape(Resize(), nil, .constant(.reals([1, 1, 0.5, 0.5])), nil) == "[N,3,floor((H)/2),2]")
    #expect(try shape(Resize(), nil, .constant(.reals([1, 1, 1.5, 1])), nil) == "[N,3,?,5]")
    #expect(try shape(Resize().with([2, 3], \.axes), nil, nil, .list(7, 8)) == "[N,3,7,8]")
    #expect(throws: ModelError.self) { try shape(Resize(), nil, nil, nil) }
    #expect(throws: ModelError.self) { try shape(Resize(), nil, .constant(.reals([1, 1, -1, 1])), nil) }
    let image = Tensor.reals([1, 2], shape: [1, 2])
    #expect(throws: ModelError.self) { try Resize().evaluate([image, nil, nil, .list([1, 0])]) }
    #expect(throws: ModelError.self) {
      try Resize().with(.tfCropAndResize, \.coordinates).evaluate([
        image, .reals([0, 0, .nan, 1]), nil, .list([1, 2]),
      ])
    }
  }
}

@Suite struct PoolingOperatorTests {
  @Test(.needsPeer(.check), arguments: Seed.fixedAndFresh) func matchONNXRuntime(seed: Seed) throws {
    var random = SeededGenerator(seed)
    let image = Tensor.random([2, 3, 7, 8], &random)
    let padded: [String: any Sendable] = ["kernel_shape": [3, 2], "strides": [2, 2], "pads": [1, 0, 1, 1]]
    try ONNXCase.expectEqual([
      ONNXCase(
        "LpPool", padded.merging(["p": 2]) { $1 }, [image],
        is: LpPool().with([3, 2], \.size).with([2, 2], \.strides).with([1, 0, 1, 1], \.pads)),
      ONNXCase(
        "LpPool", ["kernel_shape": [2, 2], "p": 3], [image],
        is: LpPool().with([2, 2], \.size).with(3, \.order)),
      ONNXCase(
        "MaxPool", padded, [image],
        is: MaxPool().with([3, 2], \.size).with([2, 2], \.strides).with([1, 0, 1, 1], \.pads)),
      ONNXCase(
        "MaxPool", ["kernel_shape": [3, 3], "dilations": [2, 2], "ceil_mode": 1], [image],
        is: MaxPool().with([3, 3], \.size).with([2, 2], \.dilations).with(true, \.roundsUp)),
      ONNXCase(
        "AveragePool", padded.merging(["count_include_pad": 1]) { $1 }, [image],
        is: AveragePool().with([3, 2], \.size).with([2, 2], \.strides).with([1, 0, 1, 1], \.pads)
          .with(true, \.countsPadding)),
      ONNXCase(
        "AveragePool", ["kernel_shape": [3, 3], "auto_pad": "SAME_LOWER", "strides": [2, 2]], [image],
        is: AveragePool().with([3, 3], \.size).with([2, 2], \.strides).with(.sameLower, \.padding)),
    ])
  }

  @Test func positionsOfTheGreatest() throws {
    let image = Tensor.reals([1, 9, 2, 3, 4, 5, 6, 7, 0, 0, 8, 8], shape: [1, 2, 2, 3])
    let pool = MaxPoolPositions().with([2, 2], \.size)
    #expect(try run(pool, image).integers() == [1, 1, 10, 10])
    let last = try run(pool.with(.last, \.layout), image.reshaped(to: [1, 2, 3, 2]))
    #expect(try last.integers() == [6, 1, 10, 11])
  }
}

@Suite struct RegionAlignTests {
  @Test(.needsPeer(.check)) func numbersOf64BitsKeepThem() throws {
    var random = SeededGenerator(Seed(7))
    func doubles(_ shape: [Int], in range: ClosedRange<Double>) -> Tensor {
      Tensor(
        (0..<shape.reduce(1, *)).map { _ in Double.random(in: range, using: &random) }, shape: shape)
    }
    let image = doubles([2, 3, 6, 7], in: -2...2)
    let corners = [0.3, 0.7, 4.1, 5.9, 1.2, 0.1, 6.6, 3.3, 2.7, 2.9, 3.1, 8.8]
    let inputs = [
      image, Tensor(corners, shape: [3, 4]), Tensor([0, 1, 1] as [Int64], shape: [3]),
    ]
    let align = RegionAlign().with(2, \.rows).with(3, \.columns).with(0.5, \.scale)
    let sizes: [String: any Sendable] = ["output_height": 2, "output_width": 3, "spatial_scale": 0.5]
    try ONNXCase.expectEqual(
      [
        ONNXCase("RoiAlign", sizes.merging(["mode": "avg"]) { $1 }, inputs, is: align),
        ONNXCase(
          "RoiAlign", sizes.merging(["mode": "max", "sampling_ratio": 2]) { $1 }, inputs,
          is: align.with(true, \.takesMaximum).with(2, \.points)),
      ], tolerance: 1e-12)
  }
}
