package io.veloz.wal.orders;

import java.util.HashMap;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The status words of venues, and the state machine of an order: docs/orders-format.md, "Rules for applying events".
 * Immutable and thread-safe.
 */
final class OrderStatus {
    static final String FILLED = "FILLED";
    static final String PARTIALLY_FILLED = "PARTIALLY_FILLED";
    static final String CANCELED = "CANCELED";
    static final String REJECTED = "REJECTED";
    static final String EXPIRED = "EXPIRED";

    /** The progress of an order. A status of an earlier phase never replaces one of a later phase. */
    enum Phase {
        SENT,
        OPEN,
        PARTIALLY_FILLED,
        ENDED
    }

    /** How a received status is handled. */
    enum Transition {
        /** It replaces the current status. */
        ACCEPTED,
        /** It replaces the current status, which it contradicts. */
        ACCEPTED_WITH_FINDING,
        /** It arrived late and is ignored: the order is already in a later phase. Not a finding. */
        LATE,
        /** It contradicts how the order ended, and is ignored. A finding. */
        IGNORED
    }

    private record Word(String status, Phase phase) {}

    /** Known words by their normalised spelling and by {@link #letters}, which is equal for all spellings of a word. */
    private static final Map<String, Word> KNOWN = new HashMap<>();

    static {
        define(Phase.SENT, "PENDING_NEW", "CREATED", "SUBMITTED", "SENT");
        define(Phase.OPEN, "NEW", "ACCEPTED", "ACKNOWLEDGED", "OPEN", "LIVE", "ACTIVE", "WORKING");
        define(Phase.PARTIALLY_FILLED, PARTIALLY_FILLED, "PARTIAL_FILLED", "PARTIAL_FILL", "PART_FILLED");
        define(Phase.ENDED, FILLED, "FULLY_FILLED");
        define(
                Phase.ENDED,
                CANCELED,
                "CANCELLED",
                "PARTIALLY_CANCELED",
                "PARTIALLY_CANCELLED",
                "PARTIALLY_FILLED_CANCELED",
                "PARTIALLY_FILLED_CANCELLED",
                "MMP_CANCELED",
                "MMP_CANCELLED");
        define(Phase.ENDED, REJECTED);
        define(Phase.ENDED, EXPIRED, "EXPIRED_IN_MATCH");
    }

    /** Defines words of a phase. The first word is the normalised status of all of them, except in SENT and OPEN. */
    private static void define(Phase phase, String... words) {
        boolean oneMeaning = phase == Phase.PARTIALLY_FILLED || phase == Phase.ENDED;
        for (String word : words) {
            Word known = new Word(oneMeaning ? words[0] : word, phase);
            KNOWN.put(word, known);
            KNOWN.put(letters(word), known);
        }
    }

    private static @Nullable Word known(String word) {
        // Most words are received in their normalised spelling.
        Word known = KNOWN.get(word);
        return known != null ? known : KNOWN.get(letters(word));
    }

    /** Additional words of a venue, by {@link #letters}. */
    private final Map<String, Word> venueWords;

    private final boolean normalise;

    /**
     * @param normalise whether a known word is stored in its normalised spelling, or as received
     * @param venueWords additional words, each mapped to a known word
     * @throws IllegalArgumentException if one is mapped to an unknown word
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

    /** Returns the status for a received word. A configured word is always replaced by the known word. */
    String statusOf(String word) {
        Word venue = venueWords.isEmpty() ? null : venueWords.get(letters(word));
        if (venue != null) {
            return venue.status();
        }
        return normalise ? normal(word) : word;
    }

    /** Returns the normalised spelling. An unknown word is returned unchanged. */
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
     * Returns whether a status may follow the current state of an order.
     *
     * @param status as returned by {@link #statusOf}
     */
    static Transition transition(@Nullable OrderState before, String status) {
        if (before == null) {
            return Transition.ACCEPTED;
        }
        String now = normal(before.status());
        String next = normal(status);
        if (now.equals(next)) {
            return Transition.ACCEPTED;
        }
        if (isTerminal(now)) {
            boolean ignored = !isTerminal(next) || (now.equals(FILLED) && before.isComplete());
            return ignored ? Transition.IGNORED : Transition.ACCEPTED_WITH_FINDING;
        }
        if (next.equals(REJECTED) && before.executedQuantity() > 0) {
            return Transition.ACCEPTED_WITH_FINDING;
        }
        Phase nextPhase = phaseOf(next);
        // An unknown word, such as PENDING_CANCEL, may follow and precede any status.
        boolean late = nextPhase != null && nextPhase.compareTo(currentPhase(before, now)) < 0;
        return late ? Transition.LATE : Transition.ACCEPTED;
    }

    private static Phase currentPhase(OrderState before, String now) {
        if (before.executedQuantity() > 0) {
            return Phase.PARTIALLY_FILLED;
        }
        Phase phase = phaseOf(now);
        return phase == null ? Phase.OPEN : phase;
    }

    /** Returns the word in upper case without separators. Independent of the locale: only ASCII letters change. */
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
