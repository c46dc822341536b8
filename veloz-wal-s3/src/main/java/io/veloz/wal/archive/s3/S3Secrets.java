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

/** Remembers which secrets were used last, so that no text shows them. Any thread may use it. */
final class S3Secrets implements AwsCredentialsProvider {
    private static final int KEPT = 16;

    /** A stretch of a secret that is long enough to be no coincidence, and too long to be shown. */
    private static final int STRETCH_CHARS = 12;

    /** What stands for one character: in a URL (once or twice encoded), JSON, XML. */
    private static final Pattern ENCODED = Pattern.compile(
            "%(?:25)*([0-9A-Fa-f]{2})|\\\\u00([0-9A-Fa-f]{2})|&#x0*([0-9A-Fa-f]{2});|&#0*([0-9]{2,3});|\\\\([/\"\\\\])");

    private final AwsCredentialsProvider credentials;
    private final Set<String> secrets = ConcurrentHashMap.newKeySet();

    S3Secrets(AwsCredentialsProvider credentials) {
        this.credentials = credentials;
    }

    /** @throws NoCredentialsException if there are none; whoever gave none is its cause */
    @Override
    public AwsCredentials resolveCredentials() {
        AwsCredentials found;
        try {
            found = credentials.resolveCredentials();
        } catch (RuntimeException e) {
            throw new NoCredentialsException(e);
        }
        if (secrets.size() > KEPT) {
            // They have been renewed often since, and no text repeats the old ones.
            secrets.clear();
        }
        secrets.add(found.secretAccessKey());
        if (found instanceof AwsSessionCredentials session) {
            secrets.add(session.sessionToken());
        }
        return found;
    }

    /** The source of the credentials failed, and not the store. */
    static final class NoCredentialsException extends RuntimeException {
        private static final long serialVersionUID = 1;

        NoCredentialsException(RuntimeException cause) {
            super(cause);
        }
    }

    /** The text without any stretch of a secret, however a store encoded it, and even if it cut it off. */
    String hide(String text) {
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
            int stretch = Math.min(STRETCH_CHARS, secret.length());
            for (int at = 0; stretch > 0 && at + stretch <= text.length(); at++) {
                if (secret.contains(text.substring(at, at + stretch))) {
                    hidden.set(starts[at], starts[at + stretch]);
                }
            }
        }
    }

    /** @param starts becomes the place in the text of each character that is returned, and the end of the text */
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
