// SPDX-License-Identifier: Apache-2.0
package kdump.lab.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Dictionary;
import java.util.Hashtable;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.BundleContext;
import org.osgi.framework.launch.Framework;
import org.osgi.framework.launch.FrameworkFactory;

/** A shell whose bundle is replaced under it. */
class ReturningCommandTest {

    @TempDir
    Path storage;

    private Framework framework;
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @BeforeEach
    void start() throws Exception {
        framework = ServiceLoader.load(FrameworkFactory.class).findFirst().orElseThrow()
                .newFramework(Map.of("org.osgi.framework.storage", storage.toString()));
        framework.start();
    }

    @AfterEach
    void stop() throws Exception {
        framework.stop();
        framework.waitForStop(0);
    }

    private void offer(String property, Callable<Integer> service) {
        Dictionary<String, Object> properties = new Hashtable<>(Map.of(property, "true"));
        framework.getBundleContext().registerService(Callable.class, service, properties);
    }

    private int called(Callable<Integer> first) throws Exception {
        BundleContext context = framework.getBundleContext();
        return new ReturningCommand(context, first, 300, new PrintStream(err, true)).call();
    }

    @Test
    void aCommandThatEndsIsCalledOnce() throws Exception {
        offer("main.thread", () -> 9);
        assertThat(called(() -> 3)).isEqualTo(3);
        assertThat(err.toString()).isEmpty();
    }

    @Test
    void theOneThatComesNextIsCalledAndPeopleAreTold() throws Exception {
        offer("main.thread", () -> 4);
        offer("lab.interactive", () -> 0);
        assertThat(called(() -> -1)).isEqualTo(4);
        assertThat(err.toString()).hasLineCount(1)
                .startsWith("lab: bundles that the shell needs were replaced");
    }

    @Test
    void aShellThatDoesNotComeBackIsAFailureInWords() throws Exception {
        offer("main.thread", () -> 4);
        assertThat(called(() -> -1)).as("there is a command, but no shell").isEqualTo(1);
        assertThat(err.toString()).hasLineCount(1)
                .startsWith("lab: the bundle of the shell was stopped, and did not come back");
    }
}
