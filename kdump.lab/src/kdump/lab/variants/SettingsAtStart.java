// SPDX-License-Identifier: Apache-2.0
package kdump.lab.variants;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import kdump.lab.api.Lab;
import kdump.lab.api.LabException;
import org.osgi.framework.BundleContext;
import org.osgi.service.cm.ConfigurationAdmin;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.runtime.ServiceComponentRuntime;
import org.osgi.service.metatype.MetaTypeService;

/**
 * Has the files of settings in force that the launcher names, before it calls a command: its status
 * is 0, or 2 after a line for the first that is wrong. One thread.
 */
@Component(service = Callable.class, property = "lab.settings=true")
public final class SettingsAtStart implements Callable<Integer> {

    /** Framework property: names of files, one a line. */
    private static final String FILES = "lab.settings";
    private static final int BAD_INPUT = 2;

    private final String files;
    private final FileSettings settings;

    /** Takes what settings are kept by. */
    @Activate
    public SettingsAtStart(BundleContext context, @Reference Lab lab,
            @Reference ConfigurationAdmin configurations, @Reference MetaTypeService types,
            @Reference ServiceComponentRuntime components) {
        files = context.getProperty(FILES);
        settings = new FileSettings(context, configurations, types, components,
                new ConfigurablePolicies(context, lab, configurations, types, components));
    }

    @Override
    public Integer call() throws IOException {
        try {
            for (String file : files == null ? new String[0] : files.split("\n")) {
                settings.apply(SettingsFile.read(Path.of(file)));
            }
            return 0;
        } catch (LabException e) {
            System.err.println("lab: " + e.getMessage().replaceAll("\\p{Cntrl}", "."));
            return BAD_INPUT;
        }
    }
}
