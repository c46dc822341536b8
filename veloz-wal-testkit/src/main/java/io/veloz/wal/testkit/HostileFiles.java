package io.veloz.wal.testkit;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The files of a log after somebody has laid hands on them: the same for the same seed. For tests of whatever reads such
 * files. It belongs to one thread.
 *
 * <p>Bytes and whole files are changed, and, as a checksum keeps everything that is merely random from the deeper checks,
 * single fields too, with all the checksums around them put right again. Files of the engine's old log are understood as
 * well.
 */
public final class HostileFiles {
    /** What was done at the worst, and so what may be expected of a reader. */
    public enum Kind {
        /** Bytes inside of files: what a checksum is for. */
        BYTES,
        /** Whole files were removed, renamed, copied, exchanged or added as well. */
        FILES,
        /** Fields were changed and their checksums made right: nobody can tell what was appended. */
        LIES
    }

    private static final int MOST_STEPS = 4;

    private final long seed;
    private final SortedMap<String, byte[]> files = new TreeMap<>();
    private final List<String> steps = new ArrayList<>();
    private Kind kind = Kind.BYTES;

    private HostileFiles(long seed) {
        this.seed = seed;
    }

    /**
     * One to four changes.
     *
     * @param log names and contents of all files of a directory
     * @param other of another log, whose files and batches may get into the first
     */
    public static HostileFiles of(Map<String, byte[]> log, Map<String, byte[]> other, long seed) {
        Dice dice = new Dice(seed);
        HostileFiles result = new HostileFiles(seed);
        log.forEach((name, bytes) -> result.files.put(name, bytes.clone()));
        List<Kind> kinds = List.copyOf(EnumSet.range(Kind.BYTES, dice.of(List.of(Kind.values()))));
        for (int i = 1 + dice.below(MOST_STEPS); i > 0 && !result.files.isEmpty(); i--) {
            result.step(dice.of(kinds), other, dice);
        }
        return result;
    }

    private void step(Kind next, Map<String, byte[]> other, Dice dice) {
        kind = kind.compareTo(next) < 0 ? next : kind;
        String name = dice.of(List.copyOf(files.keySet()));
        byte[] file = Objects.requireNonNull(files.get(name));
        switch (next) {
            case BYTES -> {
                ByteChange change = new ByteChange(dice, file);
                files.put(name, change.changed());
                steps.add(name + ": " + change);
            }
            case FILES -> steps.add(new FileChange(dice, files, other).apply(name, file));
            case LIES -> {
                if (LogBytes.isLegacy(file)) {
                    LegacyLie lie = new LegacyLie(dice, file);
                    files.put(name, lie.changed());
                    steps.add(name + ": " + lie);
                } else {
                    steps.add(name + ": " + new Lie(dice, files, other).apply(name, file));
                }
            }
        }
    }

    /** Names and contents of all files, to be changed as one likes. */
    public SortedMap<String, byte[]> files() {
        return files;
    }

    public Kind kind() {
        return kind;
    }

    /** The seed, and what was done. */
    @Override
    public String toString() {
        return "seed " + seed + ", " + kind + ": " + String.join("; ", steps);
    }
}
