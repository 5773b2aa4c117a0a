// Package audit is the tamper-evident record: one append-only log that every
// decision is written to, durably, before its effect is visible.
//
// It is not a logger: it drops nothing, and an entry that cannot be written
// refuses the operation (Append returns an error).
//
// # The life of an entry
//
//   - Append encodes it to one canonical line and hands it to the writer, the one
//     goroutine that owns the segment files.
//   - The writer takes all waiting entries as one batch: one write, one fdatasync.
//     Batches form while the previous one is being synced; nothing waits on a timer.
//   - Append returns the entry's index when the batch is durable.
//   - The publisher, a second goroutine, reads durable entries back from the
//     segments, builds the Merkle tree (RFC 6962) and, once a checkpoint interval
//     and at Close, writes tiles, entry bundles and a signed checkpoint in the
//     layout of C2SP tlog-tiles. Standard clients read that.
//
// # Files
//
//	lock                     held while a writer lives
//	signer.key               the signing key, mode 0600 (absent if handed in)
//	verifier.pub             the key that checkpoints verify with
//	checkpoint               the signed tree head
//	segments/FIRST.log       the durable path: chained records
//	tile/L/N, tile/entries/N what is published of them
//
// # What protects what
//
// Up to the last checkpoint, entries are under a signature: a change, a removal
// and a cut are all found by Verify, whoever made them, as long as the signing
// key is not theirs; with a checkpoint kept elsewhere, or a trusted key, also
// when it is. Close writes a checkpoint, so that a log which was closed is
// covered whole. After a crash the entries since the last checkpoint are held
// only by the hash chain in the records: it shows a changed, removed or added
// entry in their midst, but not that whole records are missing from the end, nor
// a tail that was written anew by someone who knows this format.
//
// # How it fails
//
// A failed write or sync poisons the log: what the disk holds is then unknown,
// so every later Append is ErrPoisoned until a restart reads the truth. A full
// disk is not a failure of that kind: it refuses new entries (ErrUnavailable)
// and heals when there is space. Space for the outcome of every open intent is
// allocated beforehand, so what was begun can be recorded to its end.
package audit
