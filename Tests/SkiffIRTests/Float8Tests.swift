import SkiffIR
import Testing

@Suite struct Float8Tests {
  static let types: [DataType] = [.float8e4m3fn, .float8e4m3fnuz, .float8e5m2, .float8e5m2fnuz]

  @Test(arguments: types) func everyNumberKeepsItsBits(_ dataType: DataType) throws {
    let bits = Array(UInt8.min...UInt8.max)
    let all = try Tensor(dataType, shape: [256], bytes: Tensor(bits, shape: [256]).bytes)
    let numbers = try all.floats()
    let again = try Tensor(floats: numbers, as: dataType, shape: [256], saturates: false)
    let returned = try Tensor(.uint8, shape: [256], bytes: again.bytes).elements(as: UInt8.self)
    for index in 0..<256 where !numbers[index].isNaN { #expect(returned[index] == bits[index]) }
    #expect(try zip(numbers, again.floats()).allSatisfy { $0.isNaN == $1.isNaN })
  }

  @Test(arguments: zip(types, [448, 240, 57344, 57344] as [Float]))
  func whatIsTooGreatSaturatesOrNot(_ dataType: DataType, _ greatest: Float) throws {
    let values: [Float] = [1e9, -1e9, .infinity, -.infinity]
    let saturated = try Tensor(floats: values, as: dataType, shape: [4]).floats()
    #expect(saturated == [greatest, -greatest, greatest, -greatest])
    let open = try Tensor(floats: values, as: dataType, shape: [4], saturates: false).floats()
    #expect(open.allSatisfy { !$0.isFinite })
  }

  @Test func tiesGoToEven() throws {
    let values: [Float] = [1.0625, 1.1875, -0.0, 464, 0x1p-10, 0x1.8p-9]
    let rounded = try Tensor(floats: values, as: .float8e4m3fn, shape: [6]).floats()
    #expect(rounded == [1, 1.25, 0, 448, 0, 0x1p-8])
  }
}
