import SkiffIR

/// An axis of a value.
package struct ValueAxis: Hashable {
  package let value: ValueID
  package let axis: Int

  package init(value: ValueID, axis: Int) {
    self.value = value
    self.axis = axis
  }
}

/// What an operator says of the axes of its operands and results: which of their indices are the same thing.
///
/// An axis that nothing is said of is used as a whole: no index of it can be removed.
struct AxisRelations {
  /// An axis of an operand or of a result of the node.
  enum Place: Hashable {
    case operand(Int, axis: Int)
    case result(Int, axis: Int)
  }

  /// Indices of two axes, which may be the same axis, that are only removed together.
  struct Link {
    let a: Place
    let b: Place
    /// The indices of both; nil for each index and the same one of the other axis.
    let pairs: Pairs?
  }

  /// Pairs of indices, by their number.
  struct Pairs {
    let count: Int
    let pair: (Int) -> (Int, Int)
  }

  /// A sum of products along two axes: without an index, the products of it are missing in the sum.
  struct Contraction {
    let data: Place
    let weights: Place
  }

  /// An axis whose indices are those of several others counted together, the last one fastest; one of these can be
  /// pruned, and then only this one.
  struct Merge {
    let merged: Place
    let factors: [Place]
  }

  private(set) var links: [Link] = []
  private(set) var contractions: [Contraction] = []
  private(set) var merges: [Merge] = []
  /// Axes of weights along which the results that they make are counted.
  private(set) var producers: [Place] = []
  /// Axes that number independent matrix products, as those of attention heads do.
  private(set) var batches: [Place] = []
  /// Axes without an influence on what the operator does along others.
  private(set) var independent: Set<Place> = []

  /// The axes that something is said of.
  var mentioned: Set<Place> {
    var result = independent
    for link in links { result.formUnion([link.a, link.b]) }
    for merge in merges { result.formUnion([merge.merged] + merge.factors) }
    return result
  }

  /// Says that equal indices belong together.
  mutating func link(_ a: Place, _ b: Place) { links.append(Link(a: a, b: b, pairs: nil)) }

  /// Says that the indices of each of some pairs belong together.
  mutating func link(_ a: Place, _ b: Place, count: Int, _ pair: @escaping (Int) -> (Int, Int)) {
    links.append(Link(a: a, b: b, pairs: Pairs(count: count, pair: pair)))
  }

  /// Says that the indices of `b` from `start` on are those of `a`, and of nothing else there.
  mutating func link(_ a: Place, _ range: Range<Int>, _ b: Place, from start: Int) {
    link(a, b, count: range.count) { (range.lowerBound + $0, start &+ $0) }
  }

  /// Says that indices of an axis that are equal modulo `period` belong together.
  mutating func repeats(_ place: Place, count: Int, period: Int) {
    guard period > 0, period < count else { return }
    link(place, place, count: count - period) { ($0, $0 + period) }
  }

  /// Says that products are summed along two axes.
  mutating func contract(_ data: Place, _ weights: Place) {
    link(data, weights)
    contractions.append(Contraction(data: data, weights: weights))
  }

  /// Says that products are summed along two axes, whose indices are paired.
  mutating func contract(
    _ data: Place, _ weights: Place, count: Int, _ pair: @escaping (Int) -> (Int, Int)
  ) {
    link(data, weights, count: count, pair)
    contractions.append(Contraction(data: data, weights: weights))
  }

  mutating func merge(_ factors: [Place], into merged: Place) {
    merges.append(Merge(merged: merged, factors: factors))
  }

  mutating func produce(_ place: Place) { producers.append(place) }

  mutating func count(batches place: Place) { batches.append(place) }

  mutating func pass(_ place: Place) { independent.insert(place) }
}
