package io.veloz.wal;

/**
 * Acknowledged data is damaged or missing. Nothing was changed on disk.
 *
 * <p>Next step: restore the log from its archive with {@link WalRecovery#restoreFrom(String)}, or copy the readable
 * records into a new log with {@link WalRecovery#salvage}.
 */
public final class WalCorruptException extends WalException {
    private final String file;
    private final long position;
    private final long firstSequence;
    private final long lastSequence;

    /**
     * @param file the name of the file, or the name that the missing file should have
     * @param position byte position in the file; -1 if the damage concerns the whole file
     * @param firstSequence the first record that is lost or in doubt; -1 if unknown
     * @param lastSequence the last record that is lost or in doubt; -1 if unknown
     * @param reason the values that were found and expected
     */
    public WalCorruptException(String file, long position, long firstSequence, long lastSequence, String reason) {
        super(message(file, position, firstSequence, lastSequence, reason), null);
        this.file = file;
        this.position = position;
        this.firstSequence = firstSequence;
        this.lastSequence = lastSequence;
    }

    private static String message(String file, long position, long firstSequence, long lastSequence, String reason) {
        StringBuilder text = new StringBuilder(file);
        if (position >= 0) {
            text.append(" at ").append(position);
        }
        if (firstSequence >= 0) {
            text.append(", record ").append(firstSequence);
            if (lastSequence < 0) {
                text.append(" and after");
            } else if (lastSequence != firstSequence) {
                text.append(" to ").append(lastSequence);
            }
        }
        return text.append(": ").append(reason).toString();
    }

    /** Returns the name of the damaged or missing file. */
    public String file() {
        return file;
    }

    /** Returns the byte position of the damage; -1 if it concerns the whole file. */
    public long position() {
        return position;
    }

    /** Returns the first record that is lost or in doubt; -1 if unknown. */
    public long firstSequence() {
        return firstSequence;
    }

    /** Returns the last record that is lost or in doubt; -1 if unknown. */
    public long lastSequence() {
        return lastSequence;
    }
}
