import SkiffBinary
import SkiffIR
import SkiffOperators

extension LayerCall {
  /// A number in the type of a tensor.
  func scalar(_ number: Int, like value: ValueID) -> ValueID {
    let type = importer.graph[value].type?.dataType ?? .float32
    if type.isInteger || type == .boolean, let tensor = try? Tensor(integers: [number], as: type, shape: []) {
      return importer.graph.addConstant(tensor)
    }
    return constant([Float(number)], shape: [])
  }

  /// The type of a tensor's elements.
  func dataType(of value: ValueID) throws(ModelError) -> DataType {
    guard let type = importer.graph[value].type else {
      throw ModelError(.invalidGraph, "the type of '\(importer.graph[value].name)' is not known")
    }
    return type.dataType
  }

  /// The value in another type.
  func cast(_ value: ValueID, to dataType: DataType, part: String = "cast") throws(ModelError) -> ValueID {
    try self.dataType(of: value) == dataType ? value : add(Cast(to: dataType), value, part: part)
  }

  /// The value as real numbers.
  func real(_ value: ValueID) throws(ModelError) -> ValueID { try cast(value, to: .float32, part: "real") }

  /// The operand at a place, or else of one of these names.
  ///
  /// - Throws: ``ModelError/Code/malformed`` if it is neither a tensor nor numbers.
  func operand(_ place: Int, _ names: String...) throws(ModelError) -> ValueID {
    guard let argument = arguments.operand(place, names) else {
      throw ModelError(.malformed, "is missing", at: Location(attribute: names.first ?? "operand \(place)"))
    }
    return try value(argument, like: nil)
  }

  private func value(_ argument: KerasLayer.Argument, like other: ValueID?) throws(ModelError) -> ValueID {
    if let tensor = arguments.tensor(argument) { return tensor.value }
    guard case .value(let json) = argument, let array = KerasArray(json) else {
      throw ModelError(.unsupported, "an operand that is neither a tensor nor numbers")
    }
    guard let other, array.dataType == nil else { return importer.add(array) }
    // Numbers without a type take that of the tensor, where it can have them.
    let type = try dataType(of: other)
    return importer.add(array, as: array.isInteger && type.isInteger ? type : .float32)
  }

  /// Operands in one type: real if any is, else that of the tensors.
  func operands(_ list: [KerasLayer.Argument]) throws(ModelError) -> [ValueID] {
    let known = list.lazy.compactMap { arguments.tensor($0)?.value }.first
    var values: [ValueID] = []
    for argument in list { values.append(try value(argument, like: known)) }
    var types: Set<DataType> = []
    for value in values { types.insert(try dataType(of: value)) }
    guard types.count > 1 else { return values }
    let wanted: DataType =
      types.contains { $0.isFloatingPoint } ? .float32 : types.contains(.int64) ? .int64 : .int32
    guard types.allSatisfy({ [.float32, .int32, .int64, .boolean].contains($0) }) else {
      throw ModelError(.unsupported, "operands of the types \(types.map(\.rawValue).sorted())")
    }
    var cast: [ValueID] = []
    for value in values { cast.append(try self.cast(value, to: wanted)) }
    return cast
  }

  /// The two operands of an operator.
  func pair() throws(ModelError) -> [ValueID] {
    var list: [KerasLayer.Argument] = []
    for (place, names) in [(0, ["x1", "x", "a"]), (1, ["x2", "y", "b", "other"])] {
      guard let argument = arguments.operand(place, names) else {
        throw ModelError(.malformed, "is called with fewer than 2 operands")
      }
      list.append(argument)
    }
    return try operands(list)
  }

  /// What an operator is told beside its operands: by name, or in Keras 3 as a setting; nil if it is not there or null.
  func parameter(_ names: String...) -> JSONValue? {
    for name in names {
      if let value = arguments.value(nil, name), value != .null { return value }
      if layer.isOperation, let value = settings[name] { return value }
    }
    return nil
  }

  /// A parameter of integers; nil if it is not there.
  func integers(_ names: String...) throws(ModelError) -> [Int]? {
    for name in names {
      guard let json = parameter(name) else { continue }
      guard let integers = json.integer.map({ [$0] }) ?? json.integers ?? KerasArray(json)?.integers,
        integers.allSatisfy({ $0.magnitude < 1 << 31 })
      else { throw wrong(name, json) }
      return integers
    }
    return nil
  }

  /// A parameter that is one integer.
  func integer(_ names: String..., default value: Int? = nil) throws(ModelError) -> Int {
    for name in names {
      guard let json = parameter(name) else { continue }
      guard let integer = json.integer, integer.magnitude < 1 << 31 else { throw wrong(name, json) }
      return integer
    }
    guard let value else {
      throw ModelError(.malformed, "is missing", at: Location(attribute: names.first ?? ""))
    }
    return value
  }

  /// A parameter that is one number.
  func number(_ names: String..., default value: Double) throws(ModelError) -> Double {
    for name in names {
      guard let json = parameter(name) else { continue }
      guard let number = json.number else { throw wrong(name, json) }
      return number
    }
    return value
  }

  /// A parameter that is a word.
  func word(_ names: String..., default value: String) throws(ModelError) -> String {
    for name in names {
      guard let json = parameter(name) else { continue }
      guard let word = json.string else { throw wrong(name, json) }
      return word
    }
    return value
  }

  /// A parameter that is true or false.
  func boolean(_ names: String..., default value: Bool) throws(ModelError) -> Bool {
    for name in names {
      guard let json = parameter(name) else { continue }
      guard let boolean = json.boolean else { throw wrong(name, json) }
      return boolean
    }
    return value
  }

  func wrong(_ name: String, _ json: JSONValue) -> ModelError {
    ModelError(.unsupported, "cannot be \(json.kind)", at: Location(attribute: name))
  }
}

extension KerasArray {
  /// The numbers of a list, if all are integers.
  var integers: [Int]? {
    let integers = numbers.compactMap { Int(exactly: $0) }
    return shape.count <= 1 && integers.count == numbers.count ? integers : nil
  }
}
