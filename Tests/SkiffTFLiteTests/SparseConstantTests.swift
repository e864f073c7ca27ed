import SkiffBinary
import SkiffTestSupport
import Testing

import SkiffTFLite

@Suite struct SparseConstantTests {
  private func dense(_ size: Int) -> FlatObject {
    FlatObject("DimensionMetadata", ["dense_size": .integer(size)])
  }

  private func sparse(_ segments: [Int], _ places: [Int]) -> FlatObject {
    func list(_ values: [Int]) -> FlatValue {
      .object(FlatObject("Int32Vector", ["values": .integers(values)]))
    }
    return FlatObject(
      "DimensionMetadata",
      ["format": .integer(1), "array_segments": list(segments), "array_indices": list(places)])
  }

  private func parameters(_ order: [Int], blocks: [Int] = [], _ levels: [FlatObject]) -> FlatObject {
    FlatObject(
      "SparsityParameters",
      [
        "traversal_order": .integers(order), "block_map": .integers(blocks), "dim_metadata": .objects(levels),
      ])
  }

  private func bytes(_ sparsity: FlatObject, _ shape: [Int], _ stored: [UInt8]) throws -> [UInt8] {
    try SparseConstant(sparsity, shape: shape).dense(ByteRegion(stored), width: 1).withBytes { [UInt8]($0) }
  }

  @Test func rowsKeepWhatIsNotZero() throws {
    let rows = parameters([0, 1], [dense(3), sparse([0, 2, 2, 3], [0, 3, 1])])
    #expect(try bytes(rows, [3, 4], [1, 2, 3]) == [1, 0, 0, 2, 0, 0, 0, 0, 0, 3, 0, 0])
  }

  @Test func columnsCanComeFirst() throws {
    let columns = parameters([1, 0], [dense(2), sparse([0, 1, 3], [2, 0, 1])])
    #expect(try bytes(columns, [3, 2], [7, 8, 9]) == [0, 8, 0, 9, 7, 0])
  }

  @Test func blocksAreDense() throws {
    let blocks = parameters(
      [0, 1, 2, 3], blocks: [0, 1], [dense(1), sparse([0, 1], [1]), dense(2), dense(2)])
    #expect(try bytes(blocks, [2, 4], [1, 2, 3, 4]) == [0, 0, 1, 2, 0, 0, 3, 4])
  }

  @Test func contradictionsAreRefused() throws {
    let short = parameters([0, 1], [dense(3), sparse([0, 2], [0, 3])])
    let outside = parameters([0, 1], [dense(1), sparse([0, 1], [9])])
    let twice = parameters([0, 0], [dense(1), dense(1)])
    for broken in [short, outside, twice] {
      #expect(throws: ModelError.self) { try bytes(broken, [3, 4], [1, 2, 3]) }
    }
    // Sizes that would be walked for ever, or that no number holds.
    let endless = parameters([0, 1, 2], [dense(1 << 30), dense(1 << 30), dense(0)])
    let beyond = parameters(
      [0, 1, 2], [sparse([9, 10], [Int](repeating: 0, count: 10)), dense(1 << 30), dense(1 << 30)])
    for broken in [endless, beyond] {
      #expect(throws: ModelError.self) { try bytes(broken, [3, 4, 5], [1, 2, 3]) }
    }
  }
}
