// SPDX-License-Identifier: Apache-2.0
package kdump.lab.tests;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.kdump.HandoverPolicy;
import iommu.api.machine.MachineImporter;
import iommu.api.pcie.DeviceModel;
import iommu.api.unit.IommuVendor;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Dictionary;
import java.util.Hashtable;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import kdump.lab.api.command.CommandLineInterface;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.ServiceFactory;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.ServiceRegistration;
import org.osgi.test.common.annotation.InjectService;

/** Vendors, device models and importers that are broken outside a run are named in one line. */
class BrokenBundlesTest {

    private static final Map<String, Class<?>> KINDS = Map.of("importer", MachineImporter.class,
            "vendor", IommuVendor.class, "model", DeviceModel.class);
    private static final Map<String, String> COMPONENTS = Map.of(
            "importer", "kdump.importers.CaptureDirectoryImporter",
            "vendor", "iommu.vtd.vendor.VtdVendor", "model", "devices.pcie.nvme.NvmeModel");
    private static final Map<String, Supplier<Throwable>> DEEDS = Map.of(
            "throws", () -> new IllegalStateException("no\nway"),
            "errs", () -> new AssertionError("no"), "checked", () -> new IOException("no"),
            "recurses", StackOverflowError::new, "misses", () -> new NoClassDefFoundError("x/Y"));

    private static final String PATIENCE = "lab.patience.millis";
    /** A loaded machine reads a capture in less. */
    private static final String MILLIS = "2000";

    private final BundleContext context =
            FrameworkUtil.getBundle(BrokenBundlesTest.class).getBundleContext();

    @InjectService
    CommandLineInterface commands;

    private ServiceReference<?> own;
    private ServiceRegistration<?> broken;
    private volatile boolean ends;

    @AfterEach
    void unregister() {
        ends = true;
        System.clearProperty(PATIENCE);
        if (broken != null) {
            broken.unregister();
            broken = null;
        }
        if (own != null) {
            context.ungetService(own); // other tests look that nobody holds what they swap
            own = null;
        }
    }

    @SuppressWarnings("unchecked")
    private static <T extends Throwable> void sneak(Throwable thrown) throws T {
        throw (T) thrown;
    }

    /** Does not care for anybody who interrupts it. */
    private Object loop() {
        while (!ends) {
            LockSupport.parkNanos(1_000_000);
        }
        return null;
    }

    /** Offers what does as the lab's own does, but for one method. */
    private void offer(String kind, String method, String deed) throws Exception {
        Class<?> type = KINDS.get(kind);
        own = context.getAllServiceReferences(type.getName(),
                "(component.name=" + COMPONENTS.get(kind) + ")")[0];
        Object real = context.getService(own);
        Object proxy = Proxy.newProxyInstance(BrokenBundlesTest.class.getClassLoader(),
                new Class<?>[] {type}, (self, called, arguments) -> {
                    if (called.getName().equals(method)) {
                        if (DEEDS.containsKey(deed)) {
                            sneak(DEEDS.get(deed).get());
                        }
                        return deed.equals("loops") ? loop() : null;
                    }
                    try {
                        return called.invoke(real, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
        Dictionary<String, Object> properties = new Hashtable<>(Map.of("service.ranking", 1000));
        broken = context.registerService(type.getName(), proxy, properties);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "importer | accepts | throws | mappings vtd1",
        "importer | read | throws | compare vtd1",
        "importer | read | null | crash vtd1 --policy linux",
        "importer | read | errs | machines",
        "vendor | unit | throws | mappings vtd1",
        "vendor | unit | null | mappings vtd1",
        "vendor | unit | recurses | walk vtd1 0000:00:02.0 0x1000",
        "vendor | unit | misses | compare vtd1 --policy linux",
        "vendor | unit | null | compare vtd1 --policy linux",
        "vendor | driver | null | mappings server",
        "vendor | driver | checked | begin server",
        "model | device | throws | mappings server",
        "model | device | null | walk server 0000:00:02.0 0"})
    void oneLineNamesTheBundle(String kind, String method, String deed, String line)
            throws Exception {
        offer(kind, method, deed);
        CommandRun run = CommandRun.of(commands, line.split(" "));
        assertThat(run.err()).startsWith("lab: ").contains("bundle kdump.lab.tests 0.1.0")
                .hasLineCount(1).hasSizeLessThan(900);
        assertThat(run.out()).isEmpty();
        assertThat(run.status()).isEqualTo(CommandLineInterface.BAD_INPUT);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "importer | read | importer | machines",
        "vendor | name | IOMMU vendor | compare vtd1 --policy linux",
        "vendor | driver | IOMMU vendor | begin server",
        "model | accepts | device model | scenarios S4-2"})
    void whatDoesNotComeBackIsLeftBehindAndNamed(String kind, String method, String word,
            String line) throws Exception {
        System.setProperty(PATIENCE, MILLIS);
        offer(kind, method, "loops");
        CommandRun run = CommandRun.of(commands, line.split(" "));
        assertThat(run.err()).matches("lab: .*bundle kdump[.]lab[.]tests 0[.]1[.]0, the " + word
                + ", does not come back: nothing happened for 2 s\\R");
        assertThat(run.out()).isEmpty();
        assertThat(run.status()).isEqualTo(CommandLineInterface.BAD_INPUT);
        unregister();
        assertThat(CommandRun.of(commands, "mappings", "vtd1").status()).isZero();
    }

    @Test
    void aVendorThatCannotEvenSayItsNameIsListedAsBroken() throws Exception {
        System.setProperty(PATIENCE, MILLIS);
        offer("vendor", "name", "loops");
        CommandRun run = CommandRun.of(commands, "policies", "--all");
        assertThat(run.status()).isZero();
        assertThat(run.out()).containsPattern("IOMMU vendor +kdump[.]lab[.]tests +.*broken.*does"
                + " not come back");
    }

    @Test
    void aPolicyThatIsMadeForEverIsBrokenInItsOwnCell() throws Exception {
        System.setProperty(PATIENCE, MILLIS);
        var never = new ServiceFactory<HandoverPolicy>() {
            @Override
            public HandoverPolicy getService(Bundle bundle,
                    ServiceRegistration<HandoverPolicy> registration) {
                return (HandoverPolicy) loop();
            }

            @Override
            public void ungetService(Bundle bundle,
                    ServiceRegistration<HandoverPolicy> registration, HandoverPolicy service) {
                throw new IllegalStateException("it was never made");
            }
        };
        broken = context.registerService(HandoverPolicy.class.getName(), never,
                new Hashtable<>(Map.of("kdump.policy.name", "never")));
        CommandRun run = CommandRun.of(commands, "compare", "vtd1", "--policy", "never",
                "--policy", "linux", "--crash-at", "1ms");
        assertThat(run.err()).isEmpty();
        assertThat(run.out()).containsPattern("(?m)^never +broken at T0")
                .containsPattern("(?m)^linux.* ok ")
                .contains("bundle kdump.lab.tests 0.1.0, the policy, does not come back");
        assertThat(run.status()).isZero();
    }
}
