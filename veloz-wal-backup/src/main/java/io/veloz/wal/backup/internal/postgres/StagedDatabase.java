package io.veloz.wal.backup.internal.postgres;

import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A database that one run of a recovery stages. Hosts that share a server stage under the same name, so the name and a mark
 * that every recovery makes do not show whose it is: the token does, which is in its comment and recorded before it is
 * created. Immutable.
 *
 * @param server identifies the cluster: {@code pg_control_system()}
 * @param token 32 hexadecimal digits, random
 */
public record StagedDatabase(String name, long server, String token) {
    private static final int TOKEN_BYTES = 16;
    private static final Pattern RECORDED = Pattern.compile("(-?[0-9]{1,19}) ([0-9a-f]{32}) (.+)");

    static String newToken() {
        byte[] random = new byte[TOKEN_BYTES];
        new SecureRandom().nextBytes(random);
        return HexFormat.of().formatHex(random);
    }

    /** Returns the line that {@link #of} reads. */
    public String recorded() {
        return server + " " + token + " " + name;
    }

    /** Returns the database that was recorded in this line; empty if the line is another one. */
    public static Optional<StagedDatabase> of(String recorded) {
        Matcher matcher = RECORDED.matcher(recorded);
        if (!matcher.matches()) {
            return Optional.empty();
        }
        return Optional.of(new StagedDatabase(matcher.group(3), Long.parseLong(matcher.group(1)), matcher.group(2)));
    }
}
