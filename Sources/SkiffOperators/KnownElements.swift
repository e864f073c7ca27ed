import SkiffBinary
import SkiffIR

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
