import SkiffBinary
import SkiffIR

/// What an import has to tell its user, like with like.
struct ImportReports {
  private(set) var warnings: [Warning] = []
  private var foreign: [(reason: String, locations: [Location])] = []
  private var foreignIndex: [String: Int] = [:]

  /// Whether some node became a foreign operator.
  var hasForeign: Bool { !foreign.isEmpty }

  mutating func warn(_ message: String, at location: Location = Location()) {
    warnings.append(Warning(message, at: location))
  }

  /// Records a node that became a foreign operator.
  mutating func foreign(_ reason: String, at location: Location) {
    if let index = foreignIndex[reason] {
      foreign[index].locations.append(location)
    } else {
      foreignIndex[reason] = foreign.count
      foreign.append((reason, [location]))
    }
  }

  /// Turns the records into one warning for each reason, in the order in which they were met.
  mutating func finish() {
    for (reason, locations) in foreign {
      let count = locations.count
      let more = count > 1 ? " (and \(count - 1) more nodes)" : ""
      warnings.append(Warning("\(reason)\(more); it is kept, but cannot run", at: locations[0]))
    }
  }
}
