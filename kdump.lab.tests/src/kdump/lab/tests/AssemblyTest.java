// SPDX-License-Identifier: Apache-2.0
package kdump.lab.tests;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.kdump.HandoverPolicy;
import iommu.api.machine.MachineImporter;
import iommu.api.pcie.DeviceModel;
import iommu.api.pcie.FabricFactory;
import iommu.api.unit.IommuVendor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import kdump.lab.api.Lab;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.service.component.runtime.ServiceComponentRuntime;
import org.osgi.service.component.runtime.dto.ComponentDescriptionDTO;
import org.osgi.test.common.annotation.InjectBundleContext;
import org.osgi.test.common.annotation.InjectService;
import org.osgi.util.tracker.ServiceTracker;

/** The bundles fit together: all resolve, and no component waits for something. */
class AssemblyTest {
    private static final long SERVICE_WAIT_MILLIS = 5_000;

    @InjectBundleContext
    BundleContext context;

    @InjectService
    ServiceComponentRuntime components;

    @Test
    void everyBundleIsActive() {
        assertThat(Arrays.stream(context.getBundles()).filter(AssemblyTest::isNoFragment)
                .filter(bundle -> bundle.getState() != Bundle.ACTIVE)).isEmpty();
    }

    @Test
    void noComponentIsUnsatisfied() {
        List<String> waiting = new ArrayList<>();
        for (ComponentDescriptionDTO component : components.getComponentDescriptionDTOs()) {
            for (var configuration : components.getComponentConfigurationDTOs(component)) {
                for (var reference : configuration.unsatisfiedReferences) {
                    // the command waits for the launcher of ./lab, which is not here
                    if (!"(launcher.stdout=*)".equals(reference.target)) {
                        waiting.add(component.name + " waits for " + reference.name);
                    }
                }
            }
        }
        assertThat(waiting).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(classes = {DeviceModel.class, FabricFactory.class, HandoverPolicy.class,
        IommuVendor.class, Lab.class, MachineImporter.class})
    void serviceAppears(Class<?> type) throws InterruptedException {
        ServiceTracker<?, ?> tracker = new ServiceTracker<>(context, type, null);
        tracker.open();
        assertThat(tracker.waitForService(SERVICE_WAIT_MILLIS)).isInstanceOf(type);
        tracker.close();
    }

    private static boolean isNoFragment(Bundle bundle) {
        return bundle.getHeaders("").get(Constants.FRAGMENT_HOST) == null;
    }
}
