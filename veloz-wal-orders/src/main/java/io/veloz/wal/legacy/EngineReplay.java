package io.veloz.wal.legacy;

import io.veloz.wal.legacy.LegacyFinding.Kind;
import io.veloz.wal.legacy.LegacyFinding.Severity;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Replays a log as one of the two versions of the engine does, including their bugs. For one replay. Not thread-safe. */
final class EngineReplay {
    private final LegacyMode mode;
    private final EngineStore store;
    private final Findings findings;
    private long entries;
    private long bytes;
    private long corrupted;
    private long lastSequence;
    private long currentSequence;

    EngineReplay(LegacyMode mode, Findings findings) {
        this.mode = mode;
        this.store = new EngineStore(mode);
        this.findings = findings;
    }

    LegacyReplay replay(List<Path> files, String prefix) {
        long before = files.isEmpty()
                ? 0
                : LegacyNames.number(String.valueOf(files.get(files.size() - 1).getFileName()), prefix)
                        .orElse(0);
        currentSequence = before;
        for (Path path : files) {
            try (LegacyFile file = LegacyFile.open(path)) {
                replay(file);
            }
        }
        LegacyStats stats = LegacyStats.replayed(entries, bytes, corrupted, currentSequence);
        return new LegacyReplay(mode, store.orders(), stats, before, currentSequence, findings);
    }

    private void replay(LegacyFile file) {
        @Nullable EntryHeader entry = file.header(0);
        while (entry != null) {
            if (!entry.hasMagic() || entry.end() > file.size()) {
                corrupted++;
                report(file, entry, file.size() - entry.position(), "not an entry; the engine abandons the file here");
                return;
            }
            if (file.crc(entry.payloadPosition(), entry.payloadBytes()) != entry.checksum()) {
                corrupted++;
                report(file, entry, entry.bytes(), "checksum mismatch; the engine skips the entry");
            } else if (mode == LegacyMode.LEGACY_B && Long.compareUnsigned(entry.sequence(), lastSequence) <= 0) {
                report(
                        file,
                        entry,
                        entry.bytes(),
                        "sequence not above " + lastSequence + "; the engine skips the entry");
            } else {
                apply(file, entry);
            }
            entry = file.header(entry.end());
        }
    }

    private void apply(LegacyFile file, EntryHeader entry) {
        store.apply(entry, new PayloadFields(file, entry));
        entries++;
        bytes += entry.bytes();
        lastSequence = entry.sequence();
        boolean forward = Long.compareUnsigned(entry.sequence(), currentSequence) > 0;
        if (mode == LegacyMode.LEGACY_B || forward) {
            currentSequence = entry.sequence();
        }
    }

    private void report(LegacyFile file, EntryHeader entry, long length, String text) {
        findings.add(
                new LegacyFinding(Kind.DAMAGE, Severity.DOUBTFUL, file.name(), entry.position(), length, -1, -1, text));
    }
}
