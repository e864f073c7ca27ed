import Foundation
import SkiffBinary
import SkiffHDF5Index
import SkiffKeras
import SkiffTestSupport
import Testing

/// Damaged files end in an error or in an index that holds, never in a crash or a hang of this process.
@Suite(.needsPeer(.check)) struct HDF5RobustnessTests {
  private static func parse(_ bytes: [UInt8]) throws(ModelError) {
    let source = HDF5Source(ByteRegion(bytes))
    let index = try HDF5HelperProcess(timeLimit: 10).index(of: source, limits: .standard)
    _ = try HDF5Index(parsing: index, file: source.bytes, limits: .standard)
  }

  @Test func truncations() throws {
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: HDF5Files.path("small.h5"))))
    try Self.parse(bytes)
    for count in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 100)) {
      #expect(throws: ModelError.self) { try Self.parse(Array(bytes[..<count])) }
    }
  }

  @Test(arguments: Seed.fixedAndFresh) func mutations(seed: Seed) throws {
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: HDF5Files.path("small.h5"))))
    var generator = SeededGenerator(seed)
    var errors: [ModelError.Code: Int] = [:]
    var crashes = 0
    let count = TestRun.isFull ? 10_000 : 550
    for _ in 0..<count {
      do throws(ModelError) {
        try Self.parse(bytes.mutated(Mutation.inPlace, using: &generator))
      } catch {
        errors[error.code, default: 0] += 1
        if error.message.contains("crashed") { crashes += 1 }
      }
    }
    // What a mutated file may be called; a missing or broken helper would be `inputOutput`.
    #expect(
      Set(errors.keys).isSubset(of: [.malformed, .truncated, .unsupported, .limitExceeded]), "\(errors)")
    #expect(errors.values.reduce(0, +) > 0)
    print("HDF5: \(count) mutations, \(errors.values.reduce(0, +)) errors, \(crashes) crashes contained")
  }

  @Test func mutationsOfTheIndexItself() throws {
    let path = try HDF5Files.path("plain.h5")
    let file = try ByteRegion(mapping: path)
    let region = try HDF5HelperProcess().index(of: HDF5Source(file, path: path), limits: .standard)
    let bytes = region.withBytes { Array($0) }
    for count in 0..<bytes.count {
      #expect(throws: ModelError.self) {
        try HDF5Index(parsing: ByteRegion(Array(bytes[..<count])), file: file, limits: .standard)
      }
    }
    var generator = SeededGenerator(Seed(1))
    for _ in 0..<20_000 {
      var mutant = bytes
      mutant[Int.random(in: 0..<mutant.count, using: &generator)] = UInt8.random(
        in: 0...255, using: &generator)
      _ = try? HDF5Index(parsing: ByteRegion(mutant), file: file, limits: .standard)
    }
  }

  @Test func aHelperThatHangsIsKilled() throws {
    let helper = try Self.script("exec sleep 1000")
    let start = ContinuousClock.now
    let error = #expect(throws: ModelError.self) {
      try HDF5HelperProcess(path: helper.path("helper"), timeLimit: 1)
        .index(of: HDF5Source(ByteRegion([1])), limits: .standard)
    }
    #expect(error?.code == .limitExceeded)
    #expect(ContinuousClock.now - start < .seconds(20))
  }

  @Test(arguments: [
    ("kill -SEGV $$", ModelError.Code.malformed), ("kill -ALRM $$", .limitExceeded),
    ("echo no >&2; exit 3", .inputOutput),
  ])
  func aHelperThatDies(script: String, code: ModelError.Code) throws {
    let helper = try Self.script(script)
    let error = #expect(throws: ModelError.self) {
      try HDF5HelperProcess(path: helper.path("helper")).index(
        of: HDF5Source(ByteRegion([1])), limits: .standard)
    }
    #expect(error?.code == code)
  }

  @Test func aHelperThatSaysNothingOrNonsense() throws {
    for text in ["", "echo nonsense"] {
      let helper = try Self.script(text)
      #expect(throws: ModelError.self) {
        let bytes = try HDF5HelperProcess(path: helper.path("helper"))
          .index(of: HDF5Source(ByteRegion([1])), limits: .standard)
        _ = try HDF5Index(parsing: bytes, file: ByteRegion([1]), limits: .standard)
      }
    }
  }

  @Test func aMissingHelperIsNamed() {
    let error = #expect(throws: ModelError.self) {
      try HDF5HelperProcess(path: "/nowhere/skiff-hdf5").index(of: HDF5Source(.empty), limits: .standard)
    }
    #expect(error?.location.file == "/nowhere/skiff-hdf5")
  }

  @Test func memoryIsLimited() throws {
    let path = try HDF5Files.path("bomb.h5")
    let file = try ByteRegion(mapping: path)
    let limits = Limits(structureSize: 1 << 20)
    let error = #expect(throws: ModelError.self) {
      let bytes = try HDF5HelperProcess().index(of: HDF5Source(file, path: path), limits: limits)
      _ = try HDF5Index(parsing: bytes, file: file, limits: limits)
    }
    #expect(error?.code == .limitExceeded)
  }

  private static func script(_ text: String) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try "#!/bin/sh\n\(text)\n".write(toFile: folder.path("helper"), atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.path("helper"))
    return folder
  }
}
