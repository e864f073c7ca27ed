import SkiffBinary

/// The settings of a layer, each read as what it must be; errors name the setting.
struct KerasSettings {
  private let json: TrackedSettings

  init(_ json: JSONValue) { self.json = TrackedSettings(json) }

  /// The names of settings that say something and that nothing has read.
  var unread: [String] { json.unread }

  /// The setting as it is; nil if it is missing or null.
  subscript(name: String) -> JSONValue? { json[name] }

  /// Whether the setting is there and not null.
  func has(_ name: String) -> Bool { json[name] != nil }

  func integer(_ name: String, default value: Int? = nil) throws(ModelError) -> Int {
    guard let json = json[name] else { return try required(name, value) }
    guard let integer = json.integer, integer.magnitude < 1 << 31 else {
      throw wrong(name, "an integer", json)
    }
    return integer
  }

  func number(_ name: String, default value: Double? = nil) throws(ModelError) -> Double {
    guard let json = json[name] else { return try required(name, value) }
    // Settings that were arrays of NumPy are objects with the number inside.
    guard let number = json.number ?? json["value"]?.number ?? json["config"]?["value"]?.number else {
      throw wrong(name, "a number", json)
    }
    return number
  }

  func boolean(_ name: String, default value: Bool? = nil) throws(ModelError) -> Bool {
    guard let json = json[name] else { return try required(name, value) }
    guard let boolean = json.boolean ?? json.integer.map({ $0 != 0 }) else {
      throw wrong(name, "true or false", json)
    }
    return boolean
  }

  func string(_ name: String, default value: String? = nil) throws(ModelError) -> String {
    guard let json = json[name] else { return try required(name, value) }
    guard let string = json.string else { throw wrong(name, "a text", json) }
    return string
  }

  /// Numbers in lists of any depth, in order; one alone is a list of one.
  func numbers(_ name: String) throws(ModelError) -> [Float] {
    guard let json = json[name] else { return try required(name, nil) }
    func flattened(_ json: JSONValue, depth: Int) -> [Float]? {
      // Arrays of NumPy and tensors are objects with the numbers inside.
      if let value = json["config"]?["value"] ?? json["value"] { return flattened(value, depth: depth + 1) }
      if let number = json.number { return [Float(number)] }
      guard depth < 16, let list = json.array else { return nil }
      let parts = list.map { flattened($0, depth: depth + 1) }
      return parts.contains { $0 == nil } ? nil : parts.flatMap { $0 ?? [] }
    }
    guard let numbers = flattened(json, depth: 0), !numbers.isEmpty else {
      throw wrong(name, "numbers", json)
    }
    return numbers
  }

  /// As many integers as there are axes; one alone stands for all of them.
  func integers(_ name: String, rank: Int, default value: [Int]? = nil) throws(ModelError) -> [Int] {
    guard let json = json[name] else { return try required(name, value) }
    if let integer = json.integer, integer.magnitude < 1 << 31 {
      return [Int](repeating: integer, count: rank)
    }
    guard let integers = json.integers, integers.count == rank,
      integers.allSatisfy({ $0.magnitude < 1 << 31 })
    else { throw wrong(name, "\(rank) integers", json) }
    return integers
  }

  /// Any number of integers; one alone is a list of one.
  func integers(_ name: String, default value: [Int]? = nil) throws(ModelError) -> [Int] {
    guard let json = json[name] else { return try required(name, value) }
    guard let integers = json.integer.map({ [$0] }) ?? json.integers,
      integers.allSatisfy({ $0.magnitude < 1 << 31 })
    else { throw wrong(name, "integers", json) }
    return integers
  }

  /// A pair of integers for each axis: `[[1, 2], [3, 4]]`, `[1, 3]` for `[[1, 1], [3, 3]]`, or one integer for all.
  func pairs(_ name: String, rank: Int) throws(ModelError) -> [(Int, Int)] {
    guard let json = json[name] else { return try required(name, nil) }
    if let integer = json.integer, integer.magnitude < 1 << 31 {
      return [(Int, Int)](repeating: (integer, integer), count: rank)
    }
    let isPair = rank == 1 && json.array?.count == 2 && json.integers != nil
    let list = isPair ? [json] : json.array ?? []
    var pairs: [(Int, Int)] = []
    for item in list {
      let pair = item.integer.map { [$0, $0] } ?? item.integers ?? []
      guard pair.count == 2, pair.allSatisfy({ $0.magnitude < 1 << 31 }) else {
        throw wrong(name, "pairs", json)
      }
      pairs.append((pair[0], pair[1]))
    }
    guard pairs.count == rank else { throw wrong(name, "\(rank) pairs of integers", json) }
    return pairs
  }

  /// The error for a setting that Skiff cannot do.
  func unsupported(_ name: String) -> ModelError {
    ModelError(.unsupported, "cannot be \(json[name]?.kind ?? "left out")", at: Location(attribute: name))
  }

  private func required<Value>(_ name: String, _ value: Value?) throws(ModelError) -> Value {
    guard let value else { throw ModelError(.malformed, "is missing", at: Location(attribute: name)) }
    return value
  }

  private func wrong(_ name: String, _ expected: String, _ json: JSONValue) -> ModelError {
    ModelError(.malformed, "expected \(expected), found \(json.kind)", at: Location(attribute: name))
  }
}

/// The settings of a layer, and which of them were read.
private final class TrackedSettings {
  private let json: JSONValue
  private var read: Set<String> = []

  init(_ json: JSONValue) { self.json = json }

  subscript(name: String) -> JSONValue? {
    read.insert(name)
    return json[name]
  }

  var unread: [String] {
    (json.object ?? [:]).filter { $0.value != .null && !read.contains($0.key) }.keys.sorted()
  }
}
