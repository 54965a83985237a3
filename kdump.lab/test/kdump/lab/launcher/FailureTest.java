// SPDX-License-Identifier: Apache-2.0
package kdump.lab.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.concurrent.CompletionException;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.osgi.framework.BundleException;

/** What is said of each kind of end, and the exit status that goes with it. */
class FailureTest {

    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    private int report(Throwable thrown, String... arguments) {
        err.reset();
        return Failure.report(thrown, arguments, new PrintStream(err, true));
    }

    /** Returns the file that the line names, and deletes it. */
    private String kept() throws IOException {
        Path file = Path.of(err.toString().strip().replaceFirst("(?s).*please report ", ""));
        String text = Files.readString(file);
        Files.delete(file);
        return text;
    }

    static Stream<Throwable> outOfMemory() {
        return Stream.of(new OutOfMemoryError("heap"), new CompletionException(
                new OutOfMemoryError()), new ExceptionInInitializerError(new OutOfMemoryError()),
                new IllegalStateException(new CompletionException(new OutOfMemoryError())));
    }

    @ParameterizedTest
    @MethodSource("outOfMemory")
    void tooLittleMemoryIsNoBugHoweverItIsWrapped(Throwable thrown) {
        assertThat(report(new FailedCommandException(thrown), "crash", "vtd1")).isEqualTo(1);
        assertThat(err.toString()).hasLineCount(1).startsWith("lab: crash: not enough memory: ")
                .contains("LAB_JAVA_OPTS=-Xmx");
        assertThat(report(thrown)).as("before the command").isEqualTo(1);
        assertThat(err.toString()).startsWith("lab: not enough memory: ");
    }

    static Stream<Throwable> bugs() {
        return Stream.of(new IllegalStateException("x"), new IOException("x"),
                new StackOverflowError("x"), new NoClassDefFoundError("x"), new Exception("x"));
    }

    @ParameterizedTest
    @MethodSource("bugs")
    void whateverElseACommandThrowsIsABug(Throwable thrown) throws IOException {
        assertThat(report(new FailedCommandException(thrown), "crash", "vtd1")).isEqualTo(70);
        assertThat(err.toString()).hasLineCount(1).startsWith("lab: crash: a bug of the lab: "
                + thrown.getClass().getName() + ": x; please report ");
        assertThat(kept()).startsWith("lab crash vtd1").contains("\tat ",
                thrown.getClass().getName() + ": x",
                "java.runtime.version " + System.getProperty("java.runtime.version"));
    }

    static Stream<Throwable> circumstances() {
        return Stream.of(new NoSuchFileException("lab.run"), new IOException("disk full"),
                new BundleException("cannot be started"));
    }

    @ParameterizedTest
    @MethodSource("circumstances")
    void whatKeepsTheLabFromStartingIsNoBug(Throwable thrown) {
        assertThat(report(thrown, "crash")).isEqualTo(1);
        assertThat(err.toString()).isEqualTo("lab: " + thrown + System.lineSeparator());
    }

    @Test
    void anythingUncheckedBeforeTheCommandIsABugToo() throws IOException {
        assertThat(report(new IllegalStateException("framework"), "crash")).isEqualTo(70);
        assertThat(err.toString()).startsWith("lab: a bug of the lab: ");
        assertThat(kept()).contains("framework");
    }

    @Test
    void messagesCannotBreakTheLineOrFloodIt() throws IOException {
        report(new FailedCommandException(
                new IllegalStateException("a\nb\u001b" + "c".repeat(9000))), "bad\nname");
        assertThat(err.toString()).hasLineCount(1).doesNotContain("\u001b")
                .startsWith("lab: bad.name: ").hasSizeLessThan(1200);
        assertThat(kept()).as("all of it").contains("c".repeat(9000));
    }

    @Test
    void aCircleOfCausesEnds() throws IOException {
        var one = new IllegalStateException("one");
        var other = new IllegalStateException("other", one);
        one.initCause(other);
        assertThat(report(new FailedCommandException(one), "crash")).isEqualTo(70);
        assertThat(kept()).contains("one", "other");
    }
}
