package io.veloz.wal;

/**
 * Acknowledged data is damaged or missing. Nothing was changed on disk. Restore the log from its archive, or read what
 * is left with a salvage.
 */
public final class WalCorruptException extends WalException {
    private final String file;
    private final long position;
    private final long firstSequence;
    private final long lastSequence;

    /**
     * @param file the file's name, or the name it should have if it is missing
     * @param position byte position in the file, or -1 if the file as a whole is meant
     * @param firstSequence first record that is lost or doubtful, or -1 if not known
     * @param lastSequence last record that is lost or doubtful, or -1 if not known
     * @param reason what was found and what was expected
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

    public String file() {
        return file;
    }

    public long position() {
        return position;
    }

    public long firstSequence() {
        return firstSequence;
    }

    public long lastSequence() {
        return lastSequence;
    }
}
