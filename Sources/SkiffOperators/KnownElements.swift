import SkiffBinary
import SkiffIR

extension InferenceContext {
  /// The first result of a kernel whose operands are all known as numbers, nil if one is not.
  ///
  /// This makes any operator on integers take part in computing shapes.
  package func evaluated(_ kernel: some ReferenceKernel) -> [Shape.Dimension]? {
    var inputs: [Tensor?] = []
    for index in 0..<count {
      guard has(index) else {
        inputs.append(nil)
        continue
      }
      guard let numbers = integers(index), let type = optionalType(index), !type.isQuantized,
        let sizes = type.shape.fixed, sizes.checkedProduct() == numbers.count
      else { return nil }
      do throws(ModelError) {
        inputs.append(try Tensor(integers: numbers, as: type.dataType, shape: sizes))
      } catch { return nil }
    }
    do throws(ModelError) {
      guard let result = try kernel.evaluate(inputs).first, result.count <= Constant.smallCount,
        result.dataType.isInteger || result.dataType == .boolean
      else { return nil }
      return try result.integers().map { .fixed($0) }
    } catch { return nil }
  }
}

extension Shape {
  /// A shape of which only the rank is known.
  ///
  /// - Throws: ``ModelError/Code/limitExceeded`` beyond ``Limits/rank``: the number of elements of an operand, from
  ///   which the rank follows, can be anything.
  init(unknownOfRank rank: Int) throws(ModelError) {
    guard rank <= Limits.current.rank else { throw ModelError(.limitExceeded, "a rank of \(rank)") }
    self.init([Dimension](repeating: .unknown, count: rank))
  }
}
