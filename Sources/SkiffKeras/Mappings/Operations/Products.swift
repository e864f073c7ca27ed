import SkiffBinary
import SkiffIR
import SkiffOperators

let productOperations: [Operation] = [
  Operation("Dot") { (call) throws(ModelError) in
    let values = try call.realPair()
    let (first, second) = (try call.shape(of: values[0]).rank, try call.shape(of: values[1]).rank)
    guard first > 0, second > 0 else { return try call.add(Multiply(), values) }
    return try call.contracted(values, ([first - 1], [max(0, second - 2)]))
  },
  Operation("Inner") { (call) throws(ModelError) in
    let values = try call.realPair()
    let (first, second) = (try call.shape(of: values[0]).rank, try call.shape(of: values[1]).rank)
    guard first > 0, second > 0 else { return try call.add(Multiply(), values) }
    return try call.contracted(values, ([first - 1], [second - 1]))
  },
  Operation("Tensordot", "tensordot") { (call) throws(ModelError) in
    let values = try call.realPair()
    let (first, second) = (try call.shape(of: values[0]).rank, try call.shape(of: values[1]).rank)
    let json = call.parameter("axes") ?? .integer(2)
    if let count = json.integer, (0...min(first, second)).contains(count) {
      return try call.contracted(values, (Array(first - count..<first), Array(0..<count)))
    }
    let lists = (json.array ?? []).map { $0.integer.map { [$0] } ?? $0.integers ?? [] }
    guard lists.count == 2, lists[0].count == lists[1].count else { throw call.wrong("axes", json) }
    var axes: ([Int], [Int]) = ([], [])
    for axis in lists[0] { axes.0.append(try normalizedAxis(axis, rank: first)) }
    for axis in lists[1] { axes.1.append(try normalizedAxis(axis, rank: second)) }
    return try call.contracted(values, axes)
  },
  Operation("Outer") { (call) throws(ModelError) in
    let values = try call.pair()
    return try call.add(
      Multiply(), call.reshape(values[0], [-1, 1], part: "column"),
      call.reshape(values[1], [1, -1], part: "row"))
  },
  Operation("Vdot") { (call) throws(ModelError) in
    let values = try call.pair()
    let products = try call.add(
      Multiply(), call.reshape(values[0], [-1], part: "first"), call.reshape(values[1], [-1], part: "second"),
      part: "products")
    return try call.add(ReduceSum(axes: [0], keepsDimensions: false), products)
  },
  Operation("Cross") { (call) throws(ModelError) in
    let values = try call.pair()
    let rank = try call.shape(of: values[0]).rank
    let axis = try call.integers("axis")?.first
    var axes: Set<Int> = []
    for name in ["axisa", "axisb", "axisc"] {
      let own = try call.integer(name, default: -1)
      axes.insert(try normalizedAxis(axis ?? own, rank: rank))
    }
    guard let axis = axes.first, axes.count == 1, try call.shape(of: values[1]).rank == rank,
      try call.size(of: values[0], axis: axis) == 3, try call.size(of: values[1], axis: axis) == 3
    else { throw ModelError(.unsupported, "vectors of other sizes than 3 or along different axes") }
    func turned(_ value: ValueID, by count: Int, _ part: String) throws(ModelError) -> ValueID {
      try call.add(Gather(axis: axis), value, call.integers([0, 1, 2].map { ($0 + count) % 3 }), part: part)
    }
    let forward = try call.add(
      Multiply(), turned(values[0], by: 1, "first1"), turned(values[1], by: 2, "second2"), part: "forward")
    let backward = try call.add(
      Multiply(), turned(values[0], by: 2, "first2"), turned(values[1], by: 1, "second1"), part: "backward")
    return try call.add(Subtract(), forward, backward)
  },
]

extension LayerCall {
  /// The two operands of a product of real numbers, of which one may have been integers.
  func realPair() throws(ModelError) -> [ValueID] {
    let values = try pair()
    let types = [try dataType(of: values[0]), try dataType(of: values[1])]
    guard types.contains(where: \.isFloatingPoint) else {
      throw ModelError(.unsupported, "a product of integers")
    }
    return [try real(values[0]), try real(values[1])]
  }

  /// The sum of products along axes of both; the other axes of the first come before those of the second.
  fileprivate func contracted(_ values: [ValueID], _ axes: ([Int], [Int])) throws(ModelError) -> ValueID {
    let ranks = [try shape(of: values[0]).rank, try shape(of: values[1]).rank]
    guard ranks[0] + ranks[1] <= 26, Set(axes.0).count == axes.0.count, Set(axes.1).count == axes.1.count
    else {
      throw ModelError(.unsupported, "a product of ranks \(ranks[0]) and \(ranks[1])")
    }
    let letters = Array("abcdefghijklmnopqrstuvwxyz")
    let first = Array(letters[..<ranks[0]])
    var second = Array(letters[ranks[0]..<ranks[0] + ranks[1]])
    for (a, b) in zip(axes.0, axes.1) { second[b] = first[a] }
    let kept = first.filter { !second.contains($0) } + second.filter { !first.contains($0) }
    return try add(Einsum("\(String(first)),\(String(second))->\(String(kept))"), values)
  }
}
