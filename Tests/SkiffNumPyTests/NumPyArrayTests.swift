import SkiffBinary
import SkiffNumPy
import Testing

/// A .npy file with this header text and these data.
func npy(_ header: String, _ data: [UInt8], version: UInt8 = 1) -> ByteRegion {
  let length = header.utf8.count
  var bytes: [UInt8] = [0x93] + Array("NUMPY".utf8) + [version, 0, UInt8(length & 0xff), UInt8(length >> 8)]
  if version > 1 { bytes += [0, 0] }
  return ByteRegion(bytes + header.utf8 + data)
}

@Suite struct NumPyArrayTests {
  @Test func aHeaderIsReadInEveryVersionAndSpelling() throws {
    for version in 1...3 as ClosedRange<UInt8> {
      let file = npy(
        "{'descr': '<i2', 'fortran_order': False, 'shape': (2, 1), }   \n", [1, 0, 2, 0], version: version)
      let array = try NumPyArray(parsing: file)
      #expect(array.type == .int16)
      #expect(array.shape == [2, 1])
      #expect(try array.elements(as: Int16.self) == [1, 2])
      #expect(array.bytes.offset == file.count - 4)
    }
    let spelled = npy("{\"shape\":(2L,),\t\"fortran_order\":True,\"descr\":\"|u1\"}", [3, 4])
    #expect(try NumPyArray(parsing: spelled).elements(as: UInt8.self) == [3, 4])
    let scalar = npy("{'descr': '<f4', 'fortran_order': False, 'shape': ()}", [0, 0, 0x80, 0x3f])
    #expect(try NumPyArray(parsing: scalar).elements(as: Float.self) == [1])
    let empty = npy("{'descr': '>f8', 'fortran_order': True, 'shape': (0, 3)}", [])
    #expect(try NumPyArray(parsing: empty).shape == [0, 3])
  }

  @Test func bigEndianAndColumnMajorElementsAreBroughtIntoOrder() throws {
    let file = npy(
      "{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3)}", [0, 1, 0, 4, 0, 2, 0, 5, 0, 3, 0, 6])
    #expect(try NumPyArray(parsing: file).elements(as: Int16.self) == [1, 2, 3, 4, 5, 6])
  }

  @Test(arguments: [
    "", "{", "{}", "{'descr': '<f4'}", "{'descr': '<f4', 'fortran_order': False, 'shape': (1)",
    "{'descr': '<f4', 'fortran_order': Maybe, 'shape': (1,)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4611686018427387904, 0)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': ()}",
    "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'more': 'x'}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x",
    "{'descr': '|O', 'fortran_order': False, 'shape': (1,)}",
    "{'descr': '|f4', 'fortran_order': False, 'shape': (1,)}",
    "{'descr': '<c8', 'fortran_order': False, 'shape': (1,)}",
    "{'descr': '', 'fortran_order': False, 'shape': (1,)}",
    "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1)}",
  ])
  func aWrongHeaderIsRefused(header: String) {
    #expect(throws: ModelError.self) { try NumPyArray(parsing: npy(header, [0, 0, 0, 0, 0])) }
  }

  @Test func truncationsAndUnknownVersionsAreRefused() {
    let file = npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", [0, 0, 0, 0])
    for count in 0..<file.count {
      #expect(throws: ModelError.self) { try NumPyArray(parsing: file.slice(offset: 0, count: count)) }
    }
    #expect(throws: ModelError.self) {
      try NumPyArray(parsing: npy("{'descr': '<f4', 'fortran_order': False, 'shape': (0,)}", [], version: 4))
    }
  }

  @Test func bytesMustFitTheShape() {
    #expect(throws: ModelError.self) { try NumPyArray([1, 2, 3] as [Float], shape: [2, 2]) }
    #expect(throws: ModelError.self) { try NumPyArray([1] as [Float], shape: [-1, -1]) }
    #expect(throws: ModelError.self) { try NumPyArray([1] as [Float], shape: []).elements(as: Int32.self) }
  }

  @Test func headersAreAlignedAndReadBack() throws {
    for rank in [0, 1, 2, 5, 32] {
      let array = try NumPyArray([7] as [Int64], shape: [Int](repeating: 1, count: rank))
      #expect(array.header.count % 64 == 0)
      let file = array.header.withBytes { header in ByteRegion(Array(header) + [7, 0, 0, 0, 0, 0, 0, 0]) }
      #expect(try NumPyArray(parsing: file) == array)
    }
    let deep = try NumPyArray([7] as [UInt8], shape: [Int](repeating: 1, count: 30_000))
    let file = deep.header.withBytes { header in ByteRegion(Array(header) + [7]) }
    #expect(file.count % 64 == 1)
    #expect(try NumPyArray(parsing: file, limits: Limits(rank: 30_000)) == deep)
  }
}
