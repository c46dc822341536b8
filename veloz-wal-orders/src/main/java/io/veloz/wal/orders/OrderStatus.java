package io.veloz.wal.orders;

import java.util.HashMap;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The life of an order: which status words are known, and which status may follow which. Immutable; any thread may use it.
 *
 * <p>This is the state machine of docs/orders-format.md, "Rules for applying events".
 */
final class OrderStatus {
    static final String FILLED = "FILLED";
    static final String PARTIALLY_FILLED = "PARTIALLY_FILLED";
    static final String CANCELED = "CANCELED";
    static final String REJECTED = "REJECTED";
    static final String EXPIRED = "EXPIRED";

    /** How far an order has come. A status of an earlier phase never replaces one of a later phase. */
    enum Phase {
        SENT,
        OPEN,
        PARTIALLY_FILLED,
        ENDED
    }

    /** What becomes of a status that was received. */
    enum Verdict {
        /** It replaces the one before. */
        TAKEN,
        /** It replaces the one before, which it contradicts. */
        TAKEN_WITH_FINDING,
        /** It was late: the order has come further. Not a finding. */
        LATE,
        /** It contradicts how the order ended, and is ignored. */
        REFUSED
    }

    private record Word(String status, Phase phase) {}

    /** Words in normal spelling, and by {@link #letters}: "PartiallyFilled" and "partially-filled" are one. */
    private static final Map<String, Word> KNOWN = new HashMap<>();

    static {
        know(Phase.SENT, "PENDING_NEW", "CREATED", "SUBMITTED", "SENT");
        know(Phase.OPEN, "NEW", "ACCEPTED", "ACKNOWLEDGED", "OPEN", "LIVE", "ACTIVE", "WORKING");
        know(Phase.PARTIALLY_FILLED, PARTIALLY_FILLED, "PARTIAL_FILLED", "PARTIAL_FILL", "PART_FILLED");
        know(Phase.ENDED, FILLED, "FULLY_FILLED");
        know(
                Phase.ENDED,
                CANCELED,
                "CANCELLED",
                "PARTIALLY_CANCELED",
                "PARTIALLY_CANCELLED",
                "PARTIALLY_FILLED_CANCELED",
                "PARTIALLY_FILLED_CANCELLED",
                "MMP_CANCELED",
                "MMP_CANCELLED");
        know(Phase.ENDED, REJECTED);
        know(Phase.ENDED, EXPIRED, "EXPIRED_IN_MATCH");
    }

    /** The first word is the status that a phase's other words mean, where there is one; SENT and OPEN keep their words. */
    private static void know(Phase phase, String... words) {
        boolean oneMeaning = phase == Phase.PARTIALLY_FILLED || phase == Phase.ENDED;
        for (String word : words) {
            Word known = new Word(oneMeaning ? words[0] : word, phase);
            KNOWN.put(word, known);
            KNOWN.put(letters(word), known);
        }
    }

    private static @Nullable Word known(String word) {
        // Most words come in their normal spelling.
        Word known = KNOWN.get(word);
        return known != null ? known : KNOWN.get(letters(word));
    }

    /** Further words of a venue, by their letters. */
    private final Map<String, Word> venueWords;

    private final boolean normalise;

    /**
     * @param normalise whether a known word is kept in its normal spelling, or as it was received
     * @param venueWords further words, and the known word that each stands for
     * @throws IllegalArgumentException if one stands for a word that is not known
     */
    OrderStatus(boolean normalise, Map<String, String> venueWords) {
        this.normalise = normalise;
        this.venueWords = new HashMap<>();
        venueWords.forEach((word, meaning) -> {
            Word known = known(meaning);
            if (known == null) {
                TreeSet<String> expected = new TreeSet<>();
                KNOWN.values().forEach(each -> expected.add(each.status()));
                throw new IllegalArgumentException(
                        "statusWords " + word + "=" + meaning + ": expected one of " + expected);
            }
            this.venueWords.put(letters(word), known);
        });
    }

    /** What the order's status is when this word was received. A word of the configuration always becomes a known one. */
    String statusOf(String word) {
        Word venue = venueWords.isEmpty() ? null : venueWords.get(letters(word));
        if (venue != null) {
            return venue.status();
        }
        return normalise ? normal(word) : word;
    }

    /** A word that is not known stays as it is. */
    static String normal(String word) {
        Word known = known(word);
        return known == null ? word : known.status();
    }

    static boolean isTerminal(String status) {
        return phaseOf(status) == Phase.ENDED;
    }

    private static @Nullable Phase phaseOf(String status) {
        if (status.isEmpty()) {
            return Phase.SENT;
        }
        Word known = known(status);
        return known == null ? null : known.phase();
    }

    /**
     * Whether a status may follow what is known of an order.
     *
     * @param status as {@link #statusOf} returned it
     */
    static Verdict verdict(@Nullable OrderState before, String status) {
        if (before == null) {
            return Verdict.TAKEN;
        }
        String now = normal(before.status());
        String next = normal(status);
        if (now.equals(next)) {
            return Verdict.TAKEN;
        }
        if (isTerminal(now)) {
            boolean refused = !isTerminal(next) || (now.equals(FILLED) && before.isComplete());
            return refused ? Verdict.REFUSED : Verdict.TAKEN_WITH_FINDING;
        }
        if (next.equals(REJECTED) && before.executedQuantity() > 0) {
            return Verdict.TAKEN_WITH_FINDING;
        }
        Phase asked = phaseOf(next);
        // A word that is not known, as PENDING_CANCEL, may stand between any two.
        boolean late = asked != null && asked.compareTo(reached(before, now)) < 0;
        return late ? Verdict.LATE : Verdict.TAKEN;
    }

    private static Phase reached(OrderState before, String now) {
        if (before.executedQuantity() > 0) {
            return Phase.PARTIALLY_FILLED;
        }
        Phase phase = phaseOf(now);
        return phase == null ? Phase.OPEN : phase;
    }

    /** Locale-independent: only ASCII letters change. */
    private static String letters(String word) {
        int length = word.length();
        int at = 0;
        while (at < length && isPlain(word.charAt(at))) {
            at++;
        }
        if (at == length) {
            return word;
        }
        StringBuilder letters = new StringBuilder(length);
        for (int i = 0; i < length; i++) {
            char c = word.charAt(i);
            if (c >= 'a' && c <= 'z') {
                letters.append((char) (c - 'a' + 'A'));
            } else if (c != '_' && c != '-' && c != ' ') {
                letters.append(c);
            }
        }
        return letters.toString();
    }

    private static boolean isPlain(char c) {
        return !(c >= 'a' && c <= 'z') && c != '_' && c != '-' && c != ' ';
    }
}
