"""From a project to one continuous mix: plan, render, report."""
