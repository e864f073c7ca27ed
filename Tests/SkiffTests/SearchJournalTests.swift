import Foundation
import Skiff
import SkiffBinary
import SkiffTestSupport
import Testing

/// What a search has measured outlives it.
@Suite struct SearchJournalTests {
  private static let subject = Digest(of: Array("a search".utf8))

  /// Asks for figures that must be known.
  private func known(_ question: String, in journal: SearchJournal) throws(ModelError)
    -> SearchJournal.Figures
  {
    try journal.figures(of: question) { () throws(ModelError) in
      throw ModelError(.checkFailed, "'\(question)' is not known")
    }
  }

  @Test(arguments: [0.1 + 0.2, -0.5, .infinity, 5e-324, 0]) func figuresOutliveTheirJournal(loss: Double)
    throws
  {
    let folder = try TemporaryFolder()
    let path = folder.path("journal")
    let figures = SearchJournal.Figures(bytes: 123, loss: loss)
    for _ in 0..<2 {
      let journal = try SearchJournal(path: path, subject: Self.subject)
      #expect(try journal.figures(of: "0 1") { figures } == figures)
    }
    let journal = try SearchJournal(path: path, subject: Self.subject)
    #expect(try known("0 1", in: journal) == figures)
    #expect(throws: ModelError.self) { try known("0 2", in: journal) }
  }

  /// Wherever the file ends, whole lines count, and what is added is whole.
  @Test func linesThatAreNotWholeAreCutOff() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("journal")
    try {
      let journal = try SearchJournal(path: path, subject: Self.subject)
      for number in 0..<3 {
        _ = try journal.figures(of: "\(number)") {
          SearchJournal.Figures(bytes: number, loss: Double(number))
        }
      }
    }()
    let whole = try Data(contentsOf: URL(fileURLWithPath: path))
    for length in 0...whole.count {
      try whole.prefix(length).write(to: URL(fileURLWithPath: path))
      for _ in 0..<2 {
        let journal = try SearchJournal(path: path, subject: Self.subject)
        for number in 0..<3 {
          let figures = SearchJournal.Figures(bytes: number, loss: Double(number))
          #expect(try journal.figures(of: "\(number)") { figures } == figures)
        }
      }
      #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == whole, "\(length)")
    }
  }

  @Test func aJournalWithoutFiguresGoes() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("journal")
    try {
      let journal = try SearchJournal(path: path, subject: Self.subject)
      #expect(FileManager.default.fileExists(atPath: path))
      #expect(throws: ModelError.self) { try known("0", in: journal) }
    }()
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  @Test func othersFilesAreLeftAlone() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("journal")
    try {
      let journal = try SearchJournal(path: path, subject: Digest(of: Array("another".utf8)))
      _ = try journal.figures(of: "0") { SearchJournal.Figures(bytes: 1, loss: 0) }
    }()
    let before = try Data(contentsOf: URL(fileURLWithPath: path))
    let error = #expect(throws: ModelError.self) { _ = try SearchJournal(path: path, subject: Self.subject) }
    #expect(error?.code == .invalidArgument && error?.location.file == path)
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
    let text = Data("a diary\nof something else\n".utf8)
    try text.write(to: URL(fileURLWithPath: path))
    #expect(throws: ModelError.self) { _ = try SearchJournal(path: path, subject: Self.subject) }
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == text)
  }

  @Test func oneSearchAtATimeUsesIt() throws {
    let folder = try TemporaryFolder()
    let first = try SearchJournal(path: folder.path("journal"), subject: Self.subject)
    #expect(throws: ModelError.self) {
      _ = try SearchJournal(path: folder.path("journal"), subject: Self.subject)
    }
    _ = try first.figures(of: "x") { SearchJournal.Figures(bytes: 1, loss: 1) }
  }
}
