import SkiffIR
import SkiffOperators
import SkiffTestSupport
import Testing

@Suite struct AxisFormTests {
  /// The results of an operator's form on stored operands, brought back to their logical order.
  private func resultsOfForm(
    _ kernel: any ReferenceKernel, _ inputs: [Tensor?], order: [Int]
  ) throws -> [Tensor] {
    let (moved, stored, form) = try formed(kernel, inputs, order: order, .last)
    return try zip(moved.evaluate(stored), form.results).map { try $0.permuted(by: AxisOrder.inverse($1)) }
  }

  /// An operator's form, and the operands stored as it wants them.
  private func formed(
    _ kernel: any ReferenceKernel, _ inputs: [Tensor?], order: [Int], _ layout: ChannelLayout
  ) throws -> (kernel: any ReferenceKernel, inputs: [Tensor?], form: AxisForm) {
    let integers = inputs.map { tensor -> [Int]? in tensor.flatMap { try? $0.integers() } }
    let context = AxisContext(
      order: order, layout: layout, inputs: inputs.map { $0?.type }, integers: integers)
    let form = try #require((kernel as? any AxisAware)?.form(context), "\(kernel)")
    var stored: [Tensor?] = []
    for (input, operand) in zip(inputs, form.operands) {
      switch operand {
      case .ordered(let order): stored.append(try input?.permuted(by: order))
      case .aligned(let order):
        let ones = [Int](repeating: 1, count: order.count - (input?.rank ?? 0))
        stored.append(try input.map { try $0.reshaped(to: ones + $0.shape).permuted(by: order) })
      case .logical: stored.append(input)
      case .replaced(let tensor): stored.append(tensor)
      }
    }
    return (try #require(form.operator as? any ReferenceKernel), stored, form)
  }

  @Test func placewiseOperatorsTakeAnyOrder() throws {
    var random = SeededGenerator(Seed(2))
    let (a, b) = (Tensor.random([2, 3, 4, 5], &random), Tensor.random([3, 1, 1], in: 0.5...2, &random))
    let (truth, other) = (try run(Greater(), a, b), try run(Less(), b, .reals([1])))
    let (integers, few) = (try a.cast(to: .int32), try b.cast(to: .int32))
    let cases: [(any ReferenceKernel, [Tensor?])] = [
      (Less(), [a, b]), (And(), [truth, other]), (Not(), [truth]), (BitwiseXor(), [integers, few]),
      (BitwiseNot(), [integers]), (IsNaN(), [a]), (Cast(to: .int8), [a]),
      (Clip(minimum: -1, maximum: 1), [a]),
      (Clip(), [a, nil, Tensor(scalar: Float(0.5))]), (Identity(), [a]), (PRelu(), [a, b]),
      (Power(), [try run(Abs(), a), b]), (Select(), [truth, a, b]),
    ]
    for (kernel, inputs) in cases {
      let expected = try kernel.evaluate(inputs)
      for order in [[0, 2, 3, 1], [3, 1, 0, 2]] {
        #expect(try resultsOfForm(kernel, inputs, order: order) == expected, "\(kernel) in \(order)")
      }
    }
  }

  @Test func operatorsAlongAxesRenameThem() throws {
    var random = SeededGenerator(Seed(4))
    let (a, b) = (Tensor.random([2, 3, 4, 5], &random), Tensor.random([2, 6, 4, 5], &random))
    let single = Tensor.random([1, 3, 1, 5], &random)
    let cases: [(any ReferenceKernel, [Tensor?])] = [
      (Concat(axis: 1), [a, b, a]), (Concat(axis: -3), [a, b]), (CumSum().with(2, \.axis), [a]),
      (Split().with(1, \.axis).with([1, 2], \.sizes), [a]), (Softmax(axis: 1), [a]), (LogSoftmax(), [a]),
      (Hardmax().with(2, \.axis), [a]), (LpNormalization().with(1, \.axis), [a]),
      (ReduceMean(axes: [2, 3], keepsDimensions: true), [a]),
      (ReduceMax(axes: [-1, 1], keepsDimensions: false), [a]),
      (ReduceMin(axes: [], keepsDimensions: false), [a]),
      (ArgMax().with(1, \.axis), [a]), (ArgMin().with(-1, \.axis).with(false, \.keepsDimensions), [a]),
      (Squeeze(axes: [0, -2]), [single]), (Reverse(axes: [1, -1]), [a]), (MeanVarianceNormalization(), [a]),
      (TopK().with(1, \.axis), [a, .list([2])]), (Pad(.edge), [a, .list([0, 1, 2, 0, 0, 0, 1, 3])]),
      (Pad(), [a, .list([1, 2]), Tensor(scalar: Float(7)), .list([-2])]),
      (Slice(), [a, .list([1, 0]), .list([3, 2]), .list([-1, 1])]), (Tile(), [a, .list([1, 2, 3, 1])]),
      (Resize().with(.linear, \.mode), [a, nil, .reals([1, 1, 2, 1.5])]),
      (Resize().with([3, 2], \.axes), [a, nil, nil, .list([7, 9])]),
    ]
    for (kernel, inputs) in cases {
      let expected = try kernel.evaluate(inputs)
      // Some axes are resized side by side alone.
      let isBound = (kernel as? Resize)?.axes.isEmpty == false
      for order in isBound ? [[0, 2, 3, 1]] : [[0, 2, 3, 1], [3, 1, 0, 2]] {
        for (result, expected) in zip(try resultsOfForm(kernel, inputs, order: order), expected) {
          #expect(result.shape == expected.shape, "\(kernel) in \(order)")
          let difference = FloatDifference(try result.doubles(), from: try expected.doubles())
          #expect(difference.errorOfRange < 1e-6, "\(kernel) in \(order): \(difference)")
        }
      }
    }
  }

  @Test func spatialOperatorsTakeTheirChannelsLast() throws {
    var random = SeededGenerator(Seed(6))
    let image = Tensor.random([2, 4, 6, 6], &random)
    let four = Tensor.random([4], &random)
    let cases: [(any ReferenceKernel, [Tensor?])] = [
      (DepthToSpace().with(2, \.blockSize), [image]), (SpaceToDepth().with(2, \.blockSize), [image]),
      (GroupNormalization().with(2, \.groups), [image, four, four]),
      (InstanceNormalization(), [image, four]),
      (LocalResponseNormalization().with(3, \.size), [image]), (LpPool().with([2, 3], \.size), [image]),
      (
        TransposedConvolution().with(2, \.groups),
        [image, .random([4, 3, 2, 3], &random), .random([6], &random)]
      ),
    ]
    let order = AxisOrder.channelsLast(4)
    for (kernel, inputs) in cases {
      #expect((kernel as? any AxisAware)?.preferredOrder(rank: 4, for: .last) == order)
      let expected = try kernel.evaluate(inputs)[0]
      let result = try #require(resultsOfForm(kernel, inputs, order: order).first)
      #expect(result.shape == expected.shape, "\(kernel)")
      let difference = FloatDifference(try result.doubles(), from: try expected.doubles())
      #expect(difference.errorOfRange < 1e-6, "\(kernel): \(difference)")
      // And back: operator and operands are the first ones again.
      let last = try formed(kernel, inputs, order: order, .last)
      let first = try formed(last.kernel, last.inputs, order: AxisOrder.channelsFirst(4), .first)
      #expect(first.kernel.attributeValues.map(\.value) == kernel.attributeValues.map(\.value), "\(kernel)")
      #expect(first.inputs == inputs, "\(kernel)")
    }
  }
}
