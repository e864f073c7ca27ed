import Skiff
import SkiffIR
import SkiffOperators
import SkiffTestSupport
import Testing

/// Expressions in int8 stay within a few steps of the operators that they stand for.
@Suite struct LoweredIntegersTests {
  @Test(arguments: [
    ("Swish(%x)", 1.5), ("HardSigmoid(%x)", 1.5), ("Selu(%x)", 2.5), ("Elu(%x) {alpha = 0.5}", 2.5),
    ("Celu(%x) {alpha = 2.0}", 2.5), ("Clip(%x) {minimum = -1.0, maximum = 3.0}", 1),
    ("Clip(%x) {maximum = 3.0}", 1),
  ])
  func errorsAreAFewSteps(node: String, bound: Float) throws {
    let count = 512
    let graph = try Graph(
      text: """
        graph @t (%x: f32[1,\(count)]) -> (y: %y) {
          %y = \(node) : f32[1,\(count)]
        }
        """, catalog: .standard)
    let x = Tensor((0..<count).map { Float($0) / Float(count) * 10 - 5 }, shape: [1, count])
    let samples = Samples(["x": x])
    let plain = try Model(graph)
    var model = plain
    let report = try model.compress(.int8(calibratedOn: samples, estimation: .minMax))
    #expect(report.floatNodes.isEmpty)
    let exact = try plain.outputs(for: samples)[0].tensor.floats()
    let integers = try model.outputs(for: samples)[0].tensor.floats()
    let step = ((exact.max() ?? 0) - min(0, exact.min() ?? 0)) / 255
    // What quantizing x alone costs: no slope is above 1 but those of a few functions near their bends.
    let input = Float(10.0 / 255 / 2)
    let error = zip(exact, integers).map { abs($0 - $1) }.max() ?? .infinity
    #expect(error <= bound * step + 1.1 * input, "\(error / step) steps")
  }
}
