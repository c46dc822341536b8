package io.veloz.wal.archive.s3;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.http.urlconnection.ProxyConfiguration;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;

/** TLS trust and HTTP proxy of the client, configured as in the AWS tools. */
final class S3Network {
    private S3Network() {}

    /**
     * @param environment the variables of the process
     * @throws IllegalArgumentException if a variable is invalid, or the CA bundle cannot be read
     */
    static UrlConnectionHttpClient.Builder client(
            S3Settings settings, @Nullable URI endpoint, Function<String, @Nullable String> environment) {
        UrlConnectionHttpClient.Builder client = UrlConnectionHttpClient.builder()
                .connectionTimeout(settings.connectTimeout)
                .socketTimeout(settings.attemptTimeout);
        String bundle = environment.apply("AWS_CA_BUNDLE");
        if (settings.caBundle != null) {
            trust(client, "setting caBundle", settings.caBundle);
        } else if (bundle != null && !bundle.isBlank()) {
            trust(client, "AWS_CA_BUNDLE", bundle);
        }
        String scheme = endpoint == null ? "https" : endpoint.getScheme();
        if (System.getProperty(scheme + ".proxyHost") == null) {
            // Parsed here, because the SDK ignores a variable without a scheme, and matches NO_PROXY literally.
            client.proxyConfiguration(proxy(scheme, environment));
        }
        return client;
    }

    // ---- certificates

    /** Trusts the certificates of the bundle instead of the JVM's, as the AWS tools do. */
    private static void trust(UrlConnectionHttpClient.Builder client, String source, String file) {
        try {
            KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
            store.load(null, null);
            for (Certificate certificate : certificates(Path.of(file))) {
                store.setCertificateEntry("ca-" + store.size(), certificate);
            }
            if (store.size() == 0) {
                throw new IllegalArgumentException(
                        source + "=" + file + ": contains no certificate; expected a PEM file of CA certificates");
            }
            TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            factory.init(store);
            TrustManager[] managers = factory.getTrustManagers();
            client.tlsTrustManagersProvider(() -> managers);
        } catch (IOException | GeneralSecurityException | java.nio.file.InvalidPathException e) {
            throw new IllegalArgumentException(
                    source + "=" + file + ": expected a readable PEM file of CA certificates; got " + e, e);
        }
    }

    private static Collection<? extends Certificate> certificates(Path file)
            throws IOException, GeneralSecurityException {
        try (InputStream in = Files.newInputStream(file)) {
            return CertificateFactory.getInstance("X.509").generateCertificates(in);
        }
    }

    // ---- proxy

    private static ProxyConfiguration proxy(String scheme, Function<String, @Nullable String> environment) {
        ProxyConfiguration.Builder proxy = ProxyConfiguration.builder()
                .scheme(scheme)
                .useSystemPropertyValues(false)
                .useEnvironmentVariablesValues(false);
        String name = scheme + "_proxy";
        String value = variable(name, environment);
        if (value.isEmpty()) {
            return proxy.build();
        }
        URI uri = proxyUri(name, value);
        proxy.endpoint(URI.create("http://" + uri.getHost() + ":" + (uri.getPort() < 0 ? 80 : uri.getPort())));
        String user = uri.getRawUserInfo();
        if (user != null) {
            int colon = user.indexOf(':');
            proxy.username(decoded(colon < 0 ? user : user.substring(0, colon)));
            proxy.password(colon < 0 ? "" : decoded(user.substring(colon + 1)));
        }
        return proxy.nonProxyHosts(nonProxyHosts(variable("no_proxy", environment)))
                .build();
    }

    /** The lower-case name takes precedence, as in the AWS tools. */
    private static String variable(String name, Function<String, @Nullable String> environment) {
        String lower = environment.apply(name);
        String value = lower == null ? environment.apply(name.toUpperCase(Locale.ROOT)) : lower;
        return value == null ? "" : value.strip();
    }

    private static URI proxyUri(String name, String value) {
        try {
            URI uri = new URI(value.contains("://") ? value : "http://" + value);
            if (uri.getHost() != null && "http".equalsIgnoreCase(uri.getScheme())) {
                return uri;
            }
        } catch (java.net.URISyntaxException e) {
            // Neither printed nor kept as the cause: the value may contain a password.
        }
        throw new IllegalArgumentException(
                name.toUpperCase(Locale.ROOT) + ": expected http://host:port or host:port (value hidden)");
    }

    private static String decoded(String text) {
        return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
    }

    /** Returns patterns of the hosts that need no proxy. A name includes its subdomains; a port is ignored. */
    private static Set<String> nonProxyHosts(String noProxy) {
        Set<String> patterns = new LinkedHashSet<>();
        for (String part : noProxy.toLowerCase(Locale.ROOT).split("[,\\s]+", -1)) {
            String host = part.replaceFirst(":\\d+$", "").replaceFirst("^\\*?\\.", "");
            if (host.equals("*")) {
                patterns.add(".*");
            } else if (!host.isEmpty()) {
                patterns.add("(.*\\.)?" + Pattern.quote(host));
            }
        }
        return patterns;
    }
}
