package io.veloz.wal.backup.internal.postgres;

import io.veloz.wal.backup.internal.profile.DatabaseSettings;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The three names of a recovery: the live database, the staged one, and the one that is kept after the switch.
 *
 * @param live {@code veloz}
 * @param staged {@code veloz_recovery_12}
 * @param kept {@code veloz_before_recovery_12}
 */
public record DatabaseNames(String live, String staged, String kept) {
    /** PostgreSQL cuts a longer name silently, to one that may belong to another database. */
    private static final int NAME_BYTES = 63;

    private static final String STAGED = "veloz-wal: staged by a recovery";

    private static final String NOT_IN_USE = ", not in use. Original comment follows.\n";

    /**
     * First line of the comment of a staged database, with the token of the run, or of one that a rollback has set aside. The
     * lines after it are the comment of the dumped one.
     */
    private static final Pattern ANY_STAGED =
            Pattern.compile(Pattern.quote(STAGED) + "( \\([0-9a-f]{32}\\))?" + Pattern.quote(NOT_IN_USE));

    /** First line of the comment of a kept database. */
    private static final String KEPT = "veloz-wal: kept by a recovery" + NOT_IN_USE;

    public static DatabaseNames of(DatabaseSettings settings, long point) {
        String live = settings.name();
        return new DatabaseNames(
                live, withSuffix(live, "_recovery_" + point), withSuffix(live, "_before_recovery_" + point));
    }

    private static String withSuffix(String name, String suffix) {
        if (bytes(name + suffix) <= NAME_BYTES) {
            return name + suffix;
        }
        String tail = "_" + digest(name) + suffix;
        String head = name;
        while (bytes(head + tail) > NAME_BYTES) {
            head = head.substring(0, head.offsetByCodePoints(head.length(), -1));
        }
        return head + tail;
    }

    private static int bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }

    private static String digest(String name) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(name.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest, 0, 4);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    static String stagedComment(String token, String original) {
        return STAGED + " (" + token + ")" + NOT_IN_USE + original;
    }

    static String setAsideComment(String original) {
        return STAGED + NOT_IN_USE + original;
    }

    static String keptComment(String original) {
        return KEPT + original;
    }

    static boolean isStaged(String comment) {
        return ANY_STAGED.matcher(comment).lookingAt();
    }

    static boolean isStagedBy(String token, String comment) {
        return comment.startsWith(stagedComment(token, ""));
    }

    static boolean isKept(String comment) {
        return comment.startsWith(KEPT);
    }

    /** Returns the comment without the mark. */
    static String original(String comment) {
        Matcher staged = ANY_STAGED.matcher(comment);
        if (staged.lookingAt()) {
            return comment.substring(staged.end());
        }
        return isKept(comment) ? comment.substring(KEPT.length()) : comment;
    }
}
