import CKernels

/// The share of each of 256 symbols in 2^14, at least one for a symbol that occurs.
///
/// Shares are stored rounded, by their levels: `digits` binary digits behind the first. What they lack belongs to the largest.
struct SymbolFrequencies: Equatable {
  /// All shares together.
  static let total = 1 << SKIFF_RANS_BITS
  /// The numbers of digits that a share can have.
  static let digits = 0...7

  /// One share for each symbol.
  private(set) var shares: [Int]
  private let levels: [Int]
  private let digits: Int

  /// The shares for symbols that occur so often, of which one does at least.
  init(_ counts: [Int], digits: Int) {
    var given = 0
    var ideal = 0
    let levels = Self.idealShares(counts).map { share in
      var level = Self.level(of: share, digits)
      ideal += share
      // Upwards only where that is not more than all so far should have.
      let next = Self.share(at: level + 1, digits)
      if Self.share(at: level, digits) < share, given + next <= ideal { level += 1 }
      given += Self.share(at: level, digits)
      return level
    }
    self.init(levels: levels, digits, lacking: Self.total - given)
  }

  private init(levels: [Int], _ digits: Int, lacking: Int) {
    self.levels = levels
    self.digits = digits
    shares = levels.map { Self.share(at: $0, digits) }
    let largest = shares.max() ?? 0
    if let first = shares.firstIndex(of: largest) { shares[first] += lacking }
  }

  /// Reads what ``bytes`` writes.
  init(from reader: inout ByteReader, digits: Int) throws(ModelError) {
    var (bits, levels, level, sum) = (BitReader(), [Int](), 0, 0)
    while levels.count < 256 {
      let number = try bits.gamma(from: &reader) - 1
      level += number % 2 == 0 ? number / 2 : -(number + 1) / 2
      guard level >= 0, level <= Self.level(of: Self.total, digits) else {
        throw ModelError(.malformed, "a frequency at the level \(level)")
      }
      let isUnused = level == 0 && levels.last ?? 0 == 0
      levels.append(level)
      sum += Self.share(at: level, digits)
      guard isUnused else { continue }
      let more = try bits.gamma(from: &reader) - 1
      guard more <= 256 - levels.count else {
        throw ModelError(.malformed, "frequencies beyond the last byte")
      }
      levels += [Int](repeating: 0, count: more)
    }
    guard (1...Self.total).contains(sum) else {
      throw ModelError(.malformed, "the frequencies make \(sum), not up to \(Self.total)")
    }
    self.init(levels: levels, digits, lacking: Self.total - sum)
  }

  /// The differences between levels, as gamma codes of 1, 2, 3, … for 0, -1, 1, -2, …. Behind the second zero in a row, or a zero at
  /// the beginning, stands how many more zeros follow, from 1 on.
  var bytes: [UInt8] {
    var writer = BitWriter()
    var (last, index) = (0, 0)
    while index < levels.count {
      let difference = levels[index] - last
      writer.appendGamma(difference >= 0 ? 2 * difference + 1 : -2 * difference)
      last = levels[index]
      index += 1
      guard last == 0, difference == 0 else { continue }
      let more = levels[index...].prefix { $0 == 0 }.count
      writer.appendGamma(more + 1)
      index += more
    }
    return writer.bytes
  }

  /// Below 2^digits, the level itself; from there on, so many levels for each power of two.
  private static func share(at level: Int, _ digits: Int) -> Int {
    level >> digits == 0 ? level : (1 << digits | level & (1 << digits - 1)) << (level >> digits - 1)
  }

  /// The highest level whose share is not more than `share`.
  private static func level(of share: Int, _ digits: Int) -> Int {
    guard share >> digits > 0 else { return share }
    let exponent = Int.bitWidth - 1 - share.leadingZeroBitCount - digits
    return (exponent + 1) << digits | share >> exponent & (1 << digits - 1)
  }

  /// The whole shares with which the symbols take the fewest bits.
  private static func idealShares(_ counts: [Int]) -> [Int] {
    let count = counts.reduce(0, +)
    var shares = counts.map { $0 == 0 ? 0 : max(1, count.share(of: $0, in: total)) }
    var rest = total - shares.reduce(0, +)
    let present = counts.indices.filter { counts[$0] > 0 }
    // A symbol with the share f gains or loses about count / (f ± 1/2) by a step; compared in integers, so that it is the
    // same everywhere.
    func isLess(_ a: Int, _ b: Int, step: Int) -> Bool {
      counts[a].multipliedFullWidth(by: 2 * shares[b] + step)
        < counts[b].multipliedFullWidth(by: 2 * shares[a] + step)
    }
    while rest > 0, let best = present.max(by: { isLess($0, $1, step: 1) }) {
      shares[best] += 1
      rest -= 1
    }
    while rest < 0,
      let best = present.filter({ shares[$0] > 1 }).min(by: { isLess($0, $1, step: -1) })
    {
      shares[best] -= 1
      rest += 1
    }
    return shares
  }
}

extension Int {
  /// `part / self * total`, rounded down, where the product may be beyond `Int`.
  fileprivate func share(of part: Int, in total: Int) -> Int {
    dividingFullWidth(part.multipliedFullWidth(by: total)).quotient
  }
}
