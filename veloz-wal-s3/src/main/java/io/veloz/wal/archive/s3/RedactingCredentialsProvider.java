package io.veloz.wal.archive.s3;

import java.util.Arrays;
import java.util.BitSet;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;

/** A credentials provider that remembers the last secrets, and redacts them in messages. Thread-safe. */
final class RedactingCredentialsProvider implements AwsCredentialsProvider {
    private static final int MAX_SECRETS = 16;

    /** The shortest part of a secret that is redacted: long enough not to match by coincidence. */
    private static final int PART_CHARS = 12;

    /** An escaped character in a URL (encoded once or twice), JSON or XML. */
    private static final Pattern ENCODED = Pattern.compile(
            "%(?:25)*([0-9A-Fa-f]{2})|\\\\u00([0-9A-Fa-f]{2})|&#x0*([0-9A-Fa-f]{2});|&#0*([0-9]{2,3});|\\\\([/\"\\\\])");

    private final AwsCredentialsProvider credentials;
    private final Set<String> secrets = ConcurrentHashMap.newKeySet();

    RedactingCredentialsProvider(AwsCredentialsProvider credentials) {
        this.credentials = credentials;
    }

    /** @throws NoCredentialsException if the provider fails; the failure is its cause */
    @Override
    public AwsCredentials resolveCredentials() {
        AwsCredentials found;
        try {
            found = credentials.resolveCredentials();
        } catch (RuntimeException e) {
            throw new NoCredentialsException(e);
        }
        if (secrets.size() > MAX_SECRETS) {
            // They have been renewed many times since, and no message contains the old ones.
            secrets.clear();
        }
        secrets.add(found.secretAccessKey());
        if (found instanceof AwsSessionCredentials session) {
            secrets.add(session.sessionToken());
        }
        return found;
    }

    /** The credentials provider failed, not the store. */
    static final class NoCredentialsException extends RuntimeException {
        private static final long serialVersionUID = 1;

        NoCredentialsException(RuntimeException cause) {
            super(cause);
        }
    }

    /** Replaces every part of a secret by "[hidden]", also if it is encoded or truncated. */
    String redact(String text) {
        BitSet hidden = new BitSet();
        int[] starts = new int[text.length() + 1];
        String plain = decode(text, starts);
        mark(plain, starts, hidden);
        Arrays.setAll(starts, at -> at);
        mark(text, starts, hidden);
        StringBuilder shown = new StringBuilder();
        for (int at = 0; at < text.length(); at++) {
            if (!hidden.get(at)) {
                shown.append(text.charAt(at));
            } else if (at == 0 || !hidden.get(at - 1)) {
                shown.append("[hidden]");
            }
        }
        return shown.toString();
    }

    private void mark(String text, int[] starts, BitSet hidden) {
        for (String secret : secrets) {
            int length = Math.min(PART_CHARS, secret.length());
            for (int at = 0; length > 0 && at + length <= text.length(); at++) {
                if (secret.contains(text.substring(at, at + length))) {
                    hidden.set(starts[at], starts[at + length]);
                }
            }
        }
    }

    /** @param starts receives the offset in the text of each returned character, and the length of the text */
    private static String decode(String text, int[] starts) {
        StringBuilder plain = new StringBuilder(text.length());
        Matcher encoded = ENCODED.matcher(text);
        int at = 0;
        while (at < text.length()) {
            starts[plain.length()] = at;
            encoded.region(at, text.length());
            if (encoded.lookingAt()) {
                plain.append(character(encoded));
                at = encoded.end();
            } else {
                plain.append(text.charAt(at++));
            }
        }
        starts[plain.length()] = text.length();
        return plain.toString();
    }

    private static char character(Matcher encoded) {
        for (int group = 1; group <= 3; group++) {
            if (encoded.group(group) != null) {
                return (char) Integer.parseInt(encoded.group(group), 16);
            }
        }
        return encoded.group(4) != null
                ? (char) Integer.parseInt(encoded.group(4))
                : encoded.group(5).charAt(0);
    }

    @Override
    public String toString() {
        return "credentials (hidden)";
    }
}
